import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

/** A value as it is at the moment of asking. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Prometheus metrics of this process. Labels are names that we wrote (a field, a code), never what a client sent. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** @param buckets upper bounds, in seconds */
  seconds<Label extends string>(name: string, help: string, labelNames: readonly Label[] = [], buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]): Histogram<Label> {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.registry] });
  }

  /** Asks `read` at each scrape; while it fails the metric has no value, so that an alarm on its absence rings. */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => Promise<readonly Sample[]> | readonly Sample[]): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      async collect() {
        this.reset();
        if (labelNames.length === 0) this.remove(); // a reset gives it the value 0, which it may not have
        const samples = await Promise.resolve().then(read).catch(() => []);
        for (const { labels = {}, value } of samples) this.set(labels, value);
      },
    });
  }
}
