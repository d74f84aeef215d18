import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { write, type Answer } from './answer.js';
import type { Calls } from './calls.js';
import { ordersOf, UnknownOrder, type Fault, type Orders } from './orders.js';
import { replyTo } from './reply.js';
import { BadRequest, type Ask, type Wire } from './wire.js';

/** What the calls of one simulator have in common. */
export interface Serving {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
  readonly calls: Calls;
  /** How often a fault has struck calls like this one. */
  readonly strikes: Map<string, number>;
  readonly stopping: AbortSignal;
}

/** Longest body, in bytes. */
const BODY_LIMIT = 16 * 1024 * 1024;

/** Most kinds of calls whose strikes are counted; the oldest is forgotten. */
const STRIKES_KEPT = 10_000;

/** How many pieces an answer in one JSON object goes out in, so that a fault can fall between them. */
const PIECES = 8;

/** Answers one call in its wire's format. Never throws. */
export async function answerCall(req: IncomingMessage, res: ServerResponse, wire: Wire, serving: Serving): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  try {
    const body = await bodyOf(req);
    const ask = wire.read(body);
    const orders = asked(req, ask);
    const fault = orders.fault && strikes(serving.strikes, orders.fault, ask) ? orders.fault : null;
    const text = JSON.stringify(ask.prompt);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 24);
    const settle = serving.calls.opened({ id, wire: wire.name, model: ask.prompt.model, isStream: ask.isStream, fault: fault?.kind ?? null, body });
    let tokensSent = 0;
    const signal = AbortSignal.any([gone.signal, serving.stopping]);
    try {
      const isSound = await write(res, wire, answerTo(ask, orders, fault, wire, id, serving), () => settle({ tokensSent: ++tokensSent }), signal);
      settle({ end: isSound ? 'answered' : 'faulted' });
    } catch (error) {
      if (!signal.aborted) throw error;
      settle({ end: gone.signal.aborted ? 'client-closed' : 'faulted' });
    }
  } catch (error) {
    refuse(res, wire, error);
  }
}

/** @throws BadRequest for a model or a fault that there is not: 404, as at a real provider */
function asked(req: IncomingMessage, ask: Ask): Orders {
  const header = req.headers['x-simulator-fault'];
  try {
    return ordersOf(ask.prompt.model, typeof header === 'string' ? header : undefined);
  } catch (error) {
    if (error instanceof UnknownOrder) throw new BadRequest(header === undefined ? 404 : 400, error.message);
    throw error;
  }
}

function strikes(counts: Map<string, number>, fault: Fault, { prompt }: Ask): boolean {
  if (!Number.isFinite(fault.times)) return true;
  const like = createHash('sha256').update(JSON.stringify([fault.kind, fault.at, prompt])).digest('base64');
  const before = counts.get(like) ?? 0;
  if (counts.size >= STRIKES_KEPT) for (const oldest of counts.keys()) if (counts.delete(oldest)) break;
  counts.set(like, before + 1);
  return before < fault.times;
}

function answerTo(ask: Ask, orders: Orders, fault: Fault | null, wire: Wire, id: string, serving: Serving): Answer {
  const reply = replyTo(ask.prompt, orders);
  const pace = { firstTokenMs: orders.firstTokenMs ?? serving.firstTokenMs, tokenMs: orders.tokenMs ?? serving.tokenMs, fault };
  if (ask.isStream) return { ...pace, contentType: wire.streamType, frames: wire.frames(ask, reply, id) };
  const text = JSON.stringify(wire.whole(ask, reply, id));
  const size = Math.ceil(text.length / PIECES);
  const pieces = Array.from({ length: PIECES }, (_, index) => text.slice(index * size, (index + 1) * size));
  return { ...pace, contentType: 'application/json', frames: { head: [], tokens: pieces.slice(0, -1), tail: pieces.slice(-1) } };
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new BadRequest(413, 'the body is too large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new BadRequest(400, 'the body is no JSON');
  }
}

function refuse(res: ServerResponse, wire: Wire, error: unknown): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  const { status, message } = error instanceof BadRequest ? error : { status: 500, message: 'the simulator failed' };
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(wire.error(status, message)));
}
