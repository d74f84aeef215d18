import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { STATUS_FAULTS, type Fault } from './orders.js';
import type { Frames, Wire } from './wire.js';

/** What goes over the wire, and how fast. */
export interface Answer {
  readonly contentType: string;
  readonly frames: Frames;
  readonly firstTokenMs: number;
  readonly tokenMs: number;
  readonly fault: Fault | null;
}

/** How long a connection is left alone before it is cut: a reset would take with it what the caller has not read yet. */
const READING_MS = 30;

const HTML = '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n';

/** Headers are out, or all is over. */
class Ended extends Error {}

/**
 * Writes an answer, with its fault.
 *
 * @param tokenSent called for each token that is out
 * @param signal    the caller is gone, or the simulator stops
 * @returns whether it went as a sound answer goes; faults that change no content (duplicate, slow) are sound
 * @throws AbortError by the signal
 */
export async function write(res: ServerResponse, wire: Wire, answer: Answer, tokenSent: () => void, signal: AbortSignal): Promise<boolean> {
  const { frames, fault } = answer;
  const all = [...frames.head, ...frames.tokens, ...frames.tail];
  const struckAt = fault && indexOf(fault.at, frames);
  try {
    if (fault?.at === 'headers') await beforeHeaders(res, wire, fault, signal);
    res.writeHead(200, { 'content-type': answer.contentType, 'cache-control': 'no-cache' });
    res.flushHeaders();
    for (const [index, frame] of all.entries()) {
      const token = index - frames.head.length;
      const isToken = token >= 0 && token < frames.tokens.length;
      if (isToken) await rest(paceOf(answer, token), signal);
      await send(res, fault && index === struckAt ? await struck(res, wire, fault, frame, signal) : frame, signal);
      if (isToken) tokenSent();
    }
    res.end();
    return fault?.kind !== 'garbage';
  } catch (error) {
    if (error instanceof Ended) return false;
    throw error;
  }
}

/** Of which event the fault takes the place. */
function indexOf(at: Fault['at'], { head, tokens }: Frames): number {
  if (at === 'every-token') return -1;
  return at === 'headers' ? 0 : head.length + (at === 'end' ? tokens.length : Math.min(at, tokens.length));
}

async function beforeHeaders(res: ServerResponse, wire: Wire, fault: Fault, signal: AbortSignal): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return forever(signal);
    case 'cut':
      res.destroy();
      throw new Ended();
    case 'reset':
      res.socket?.resetAndDestroy();
      throw new Ended();
    case 'html':
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(HTML);
      throw new Ended();
    case 'slow':
      return rest(fault.ms, signal);
    default:
      if (!isStatus(fault.kind)) return; // the fault is in the body, at its first event
      if (fault.kind === '429' || fault.kind === '503') res.setHeader('retry-after', String(fault.retryAfterS));
      res.writeHead(Number(fault.kind), { 'content-type': 'application/json' });
      res.end(JSON.stringify(wire.error(Number(fault.kind), `simulated ${fault.kind}`)));
      throw new Ended();
  }
}

/** @returns what is written in the place of `frame` */
async function struck(res: ServerResponse, wire: Wire, fault: Fault, frame: string, signal: AbortSignal): Promise<string> {
  switch (fault.kind) {
    case 'hang':
    case 'stall':
      await forever(signal);
      return '';
    case 'cut':
    case 'reset':
      await rest(READING_MS, signal);
      if (fault.kind === 'cut') res.destroy();
      else res.socket?.resetAndDestroy();
      throw new Ended();
    case 'clean-close':
      res.end();
      throw new Ended();
    case 'html':
      res.end(HTML);
      throw new Ended();
    case 'garbage':
      return wire.half(frame);
    case 'duplicate':
      return frame + frame;
    case 'slow':
      if (fault.at !== 'headers') await rest(fault.ms, signal);
      return frame;
    default:
      res.end(wire.errorFrame(isStatus(fault.kind) ? Number(fault.kind) : 500, `simulated ${fault.kind}`));
      throw new Ended();
  }
}

const isStatus = (kind: string): boolean => STATUS_FAULTS.some((status) => status === kind);

function paceOf({ firstTokenMs, tokenMs, fault }: Answer, token: number): number {
  const slow = fault?.kind === 'slow' && fault.at === 'every-token' ? fault.ms : 0;
  return Math.max(token === 0 ? firstTokenMs : tokenMs, slow);
}

const rest = async (ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await pause(ms, undefined, { signal });
};

async function forever(signal: AbortSignal): Promise<void> {
  for (;;) await pause(60_000, undefined, { signal });
}

async function send(res: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!res.write(text)) await once(res, 'drain', { signal });
}
