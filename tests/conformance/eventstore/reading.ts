import { once } from 'node:events';
import { type ServerWritableStream, status as code } from '@grpc/grpc-js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Log } from './log.ts';
import type { Recorded } from './recorded.ts';
import { identifierOf, nameOf, readEvent, refusal, streamDeleted } from './wire.ts';

type Call = ServerWritableStream<streamsPb.ReadReq, streamsPb.ReadResp>;
type Options = streamsPb.ReadReq.Options;

/** How many events a filtered subscription looks at before it says how far it is, when the client does not say. */
const SEARCH_WINDOW = 32;

/** Read: a page or a subscription, of one stream or of all. */
export const readFrom = (log: Log) => (call: Call) => {
  const options = call.request.getOptions()!;
  const reply = new Reply(call, options.getUuidOption()?.hasStructured() ?? false);
  const reading = options.hasSubscription() ? subscribe(log, options, reply) : readPage(log, options, reply);
  reading.then(
    () => call.end(),
    (error: Error) => call.emit('error', error),
  );
};

/** What goes back over one call, no faster than the reader takes it. */
class Reply {
  readonly ended: Promise<void>;
  isEnded = false;
  private readonly call: Call;
  private readonly isStructured: boolean;

  constructor(call: Call, isStructured: boolean) {
    this.call = call;
    this.isStructured = isStructured;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    for (const end of ['cancelled', 'close', 'error'] as const) {
      call.on(end, () => {
        this.isEnded = true;
        resolve();
      });
    }
  }

  event(event: Recorded): Promise<void> {
    return this.send(readEvent(event, this.isStructured));
  }

  async send(message: streamsPb.ReadResp): Promise<void> {
    if (this.isEnded) return;
    if (!this.call.write(message)) await Promise.race([once(this.call, 'drain'), this.ended]);
  }
}

async function readPage(log: Log, options: Options, reply: Reply): Promise<void> {
  const count = Number(options.getCount());
  const backwards = options.getReadDirection() === streamsPb.ReadReq.Options.ReadDirection.BACKWARDS;
  const stream = options.getStream();
  if (!stream) return readAll(log, options, count, backwards, reply);
  const name = nameOf(stream.getStreamIdentifier());
  const from = stream.hasRevision() ? BigInt(stream.getRevision()) : undefined;
  if (stream.hasEnd() && !backwards) return;
  const found = log.read(name, { ...(from !== undefined && { from }), count: stream.hasStart() && backwards ? 0 : count, backwards });
  if (found.kind === 'deleted') throw streamDeleted(name);
  if (found.kind === 'no stream') return reply.send(new streamsPb.ReadResp().setStreamNotFound(new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(name))));
  for (const event of found.events) await reply.event(event);
}

/** Forwards from a position on, inclusive; backwards from before it. */
async function readAll(log: Log, options: Options, count: number, backwards: boolean, reply: Reply): Promise<void> {
  const all = options.getAll()!;
  const matches = filterOf(options);
  const start = all.hasEnd() ? log.size : all.hasStart() ? 0 : indexOf(log, all.getPosition()!);
  for (let index = backwards ? start - 1 : start, sent = 0; sent < count && index >= 0 && index < log.size && !reply.isEnded; index += backwards ? -1 : 1) {
    const event = log.at(index);
    if (!matches(event)) continue;
    await reply.event(event);
    sent += 1;
  }
}

/** First what is there after the given place, then what comes. */
async function subscribe(log: Log, options: Options, reply: Reply): Promise<void> {
  await reply.send(new streamsPb.ReadResp().setConfirmation(new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID())));
  const stream = options.getStream();
  if (stream) return followStream(log, nameOf(stream.getStreamIdentifier()), stream, reply);
  return followAll(log, options, reply);
}

async function followAll(log: Log, options: Options, reply: Reply): Promise<void> {
  const all = options.getAll()!;
  const filter = options.getFilter();
  const matches = filterOf(options);
  const interval = (filter?.getCheckpointintervalmultiplier() || 1) * (filter?.hasMax() ? filter.getMax() : SEARCH_WINDOW);
  let isCaughtUp = false;
  let index = all.hasEnd() ? log.size : all.hasStart() ? 0 : indexOf(log, all.getPosition()!, 'after');
  for (let lookedAt = 0; !reply.isEnded; ) {
    const news = log.news();
    for (; index < log.size && !reply.isEnded; index++) {
      const event = log.at(index);
      if (matches(event)) await reply.event(event);
      if (filter && ++lookedAt % interval === 0) await reply.send(checkpoint(event));
    }
    if (!isCaughtUp && filter && index > 0) await reply.send(checkpoint(log.at(index - 1)));
    if (!isCaughtUp) await reply.send(new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp()));
    isCaughtUp = true;
    await Promise.race([news, reply.ended]);
  }
}

async function followStream(log: Log, name: string, from: streamsPb.ReadReq.Options.StreamOptions, reply: Reply): Promise<void> {
  let isCaughtUp = false;
  let next = from.hasRevision() ? BigInt(from.getRevision()) + 1n : 0n;
  if (from.hasEnd()) {
    const last = log.read(name, { count: 1, backwards: true });
    if (last.kind === 'events' && last.events[0]) next = last.events[0].revision + 1n;
  }
  while (!reply.isEnded) {
    const news = log.news();
    const found = log.read(name, { from: next, count: 1_000 });
    if (found.kind === 'deleted') throw streamDeleted(name);
    const events = found.kind === 'events' ? found.events : [];
    for (const event of events) {
      await reply.event(event);
      next = event.revision + 1n;
    }
    if (events.length === 1_000) continue;
    if (!isCaughtUp) await reply.send(new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp()));
    isCaughtUp = true;
    await Promise.race([news, reply.ended]);
  }
}

/** @throws a refusal where no event begins: a position of another log would be read as if it were one of this */
function indexOf(log: Log, position: streamsPb.ReadReq.Options.Position, side: 'at' | 'after' = 'at'): number {
  const commit = BigInt(position.getCommitPosition());
  const index = log.indexFrom(commit);
  if (index === log.size) return index;
  if (log.at(index).position !== commit) throw refusal(code.INVALID_ARGUMENT, `Trying to read from an invalid position: no event begins at ${commit}.`);
  return side === 'after' ? index + 1 : index;
}

function filterOf(options: Options): (event: Recorded) => boolean {
  const filter = options.getFilter();
  if (!filter) return () => true;
  const isByStream = filter.hasStreamIdentifier();
  const expression = isByStream ? filter.getStreamIdentifier()! : filter.getEventType()!;
  const prefixes = expression.getPrefixList();
  const regex = new RegExp(expression.getRegex());
  return ({ stream, type }) => {
    const value = isByStream ? stream : type;
    return prefixes.length > 0 ? prefixes.some((prefix) => value.startsWith(prefix)) : regex.test(value);
  };
}

const checkpoint = ({ position }: Recorded) =>
  new streamsPb.ReadResp().setCheckpoint(new streamsPb.ReadResp.Checkpoint().setCommitPosition(`${position}`).setPreparePosition(`${position}`));
