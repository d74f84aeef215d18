import { type Attributes, context, type Context, type Span, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * Spans of a trace that goes along with the facts: each fact's `traceparent` is the span that it was written in, so whoever takes it in,
 * in this process or another, goes on where it came from. Off, nothing of this costs anything.
 */
const tracer = trace.getTracer('parley');
let isOn = false;

export const turnTracingOn = (): void => void (isOn = true);

/** Names of ours, ids, counts: never what a person wrote. */
export interface SpanOptions {
  /** W3C trace context of what caused this. */
  readonly traceparent?: string | undefined;
  readonly kind?: 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: Attributes;
}

/** Runs work as a span. What fails within it is marked, by its name alone. */
export async function traced<Result>(name: string, options: SpanOptions, work: (span?: Span) => Promise<Result>): Promise<Result> {
  if (!isOn) return work();
  const [span, within] = begin(name, options);
  try {
    return await context.with(within, () => work(span));
  } catch (error) {
    failed(span, error instanceof Error ? error.name : 'Error');
    throw error;
  } finally {
    span.end();
  }
}

/** A span whose end is told later. */
export interface OpenSpan {
  /** The span itself, as W3C trace context; that of its cause while tracing is off. */
  readonly traceparent: string | undefined;
  run<Result>(work: () => Result): Result;
  end(attributes: Attributes, failure?: string): void;
}

export function openSpan(name: string, options: SpanOptions): OpenSpan {
  if (!isOn) return { traceparent: options.traceparent, run: (work) => work(), end: () => undefined };
  const [span, within] = begin(name, options);
  return {
    traceparent: format(span.spanContext()),
    run: (work) => context.with(within, work),
    end: (attributes, failure) => {
      span.setAttributes(attributes);
      if (failure) failed(span, failure);
      span.end();
    },
  };
}

/** A span of what was done to a fact among others, told afterwards. Nothing where its trace is not watched. */
export function tracedSince(startedAtMs: number, name: string, { traceparent, ...options }: SpanOptions): void {
  if (!isOn || !traceparent?.endsWith('1')) return;
  const [span] = begin(name, { ...options, traceparent }, startedAtMs);
  span.end();
}

export const failed = (span: Span, name: string): void => void span.setStatus({ code: SpanStatusCode.ERROR, message: name });

/** What is said within a span goes on from it. */
export function fromHere<Meta extends { readonly traceparent?: string | undefined }>(meta: Meta): Meta {
  const here = isOn ? trace.getSpanContext(context.active()) : undefined;
  if (!here) return meta;
  const cause = parse(meta.traceparent);
  return !cause || cause.traceId === here.traceId ? { ...meta, traceparent: format(here) } : meta;
}

function begin(name: string, { traceparent, kind, attributes = {} }: SpanOptions, startTime?: number): [Span, Context] {
  const parent = parentOf(traceparent);
  const span = tracer.startSpan(name, { kind: KINDS[kind ?? 'internal'], attributes, ...(startTime !== undefined && { startTime }) }, parent);
  return [span, trace.setSpan(parent, span)];
}

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/** Where we are, when that is the same trace: nearer than the cause. What long-lived work was begun in is not. */
function parentOf(traceparent: string | undefined): Context {
  const active = context.active();
  const cause = parse(traceparent);
  return !cause || trace.getSpanContext(active)?.traceId === cause.traceId ? active : trace.setSpanContext(active, cause);
}

function parse(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  return traceId && spanId && flags ? { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true } : undefined;
}

const format = ({ traceId, spanId, traceFlags }: SpanContext): string => `00-${traceId}-${spanId}-0${traceFlags & 1}`;
