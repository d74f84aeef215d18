import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Bell } from '../event-store/bell.js';
import { Databases } from '../postgres/databases.js';
import { listen } from '../postgres/listen.js';
import { PROJECTED } from './read-model.schema.js';

/** How long we wait for word of a projector before we look for ourselves. */
const POLL_MS = 200;

/** How far the read models have come that this process answers queries from. */
@Injectable()
export class ServedPosition implements OnApplicationShutdown {
  private readonly bell = new Bell();
  private readonly known = new Map<number, bigint>();
  private listening: Promise<() => Promise<void>> | undefined;

  constructor(private readonly databases: Databases, private readonly dataSource: DataSource) {}

  /** A projector of this process has taken something in. (Those of others say so through Postgres.) */
  ring(): void {
    this.bell.ring();
  }

  /** Waits until the read models have got to a position in a lane, or the time is over. @returns how far they came */
  async reach(position: bigint, timeoutMs: number, lane = 0): Promise<bigint> {
    const until = performance.now() + timeoutMs;
    let known = this.known.get(lane) ?? 0n;
    while (known < position) {
      const news = this.bell.heard(); // before looking: what is committed while we look must wake us
      this.known.set(lane, (known = await this.look(lane)));
      const leftMs = until - performance.now();
      if (known >= position || leftMs <= 0) break;
      this.listening ??= listen(this.databases.urls.app, PROJECTED, () => this.bell.ring()).catch(this.deaf);
      await soon(news, Math.min(leftMs, POLL_MS));
    }
    return known;
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.listening)?.();
  }

  /** Read models are the entities that this process knows: one that was given up long ago holds nobody back. */
  private async look(lane: number): Promise<bigint> {
    const { rows } = await this.databases.app.query<{ position: bigint | null }>({
      name: 'served position',
      text: `select min(c.position) as position from parley.read_models m join parley.projection_checkpoints c using (table_name) where m.name = any($1) and c.lane = $2`,
      values: [this.dataSource.entityMetadatas.map(({ tablePath }) => tablePath), lane],
    });
    return rows[0]!.position ?? EVERYTHING;
  }

  /** Without word of others we look every POLL_MS, and try to listen again at the next wait. */
  private readonly deaf = async (): Promise<() => Promise<void>> => {
    this.listening = undefined;
    return async () => undefined;
  };
}

/** Where nothing is read, there is nothing to wait for. */
const EVERYTHING = 2n ** 63n;

async function soon(news: Promise<void>, timeoutMs: number): Promise<void> {
  const stop = new AbortController();
  await Promise.race([news, delay(timeoutMs, undefined, { signal: stop.signal }).catch(() => undefined)]);
  stop.abort();
}
