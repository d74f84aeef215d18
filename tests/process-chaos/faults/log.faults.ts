import { setTimeout as delay } from 'node:timers/promises';
import { craft, type Crafted, publish, recorded } from '../world/facts.js';
import { connectToRun, sql, type World } from '../world/world.js';
import type { Fault, Injection } from './fault.js';

/** Most records that are put on the topic once more. */
const REPEATED = 500;

const PATIENCE_MS = 20_000;
const UNIQUE_VIOLATION = '23505';

const appended = (what: string, crafted: Crafted): Injection => ({
  what,
  target: 'event store',
  inject: (world) => append(world, crafted),
});

/** Postgres may be away, or have no room, by another fault: until the fact stands in the log. */
async function append(world: World, crafted: Crafted): Promise<void> {
  const { text, values } = craft(crafted);
  for (const until = Date.now() + PATIENCE_MS; ; await delay(200)) {
    try {
      return void (await sql(world, text, values));
    } catch (error) {
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) return; // it stood there, and the answer was lost
      if (Date.now() > until) throw error;
    }
  }
}

/** Swaps what the relay has not sent yet: it is stopped, others may not take its place, and what people write meanwhile comes in another order. */
async function swap(world: World): Promise<void> {
  const relays = world.parts.of('relay');
  for (const relay of relays) relay.signal('SIGSTOP');
  try {
    await delay(1_200);
    const [relay] = await sql<{ position: bigint }>(world, 'select position from parley.relays where topic = $1', [world.topic]);
    const { facts, identity } = await recorded(world);
    const unsent = facts.filter(({ fact }) => fact.position > (relay?.position ?? 0n));
    await publish(world, unsent.toReversed(), identity, 'swapped');
  } finally {
    for (const relay of relays) relay.signal('SIGCONT');
  }
}

/** Holds the log as a writer does that has appended and has not committed. */
async function hold(world: World, ms: number, ending: 'commit' | 'rollback'): Promise<void> {
  const client = await connectToRun(world);
  try {
    const { text, values } = craft({ type: 'ChaosHeld', data: '{}' });
    await client.query('begin');
    await client.query(text, [...values]);
    await delay(ms);
    await client.query(ending);
  } catch {
    // Postgres went down meanwhile, by another fault: it has taken it back.
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Faults of what is in the log and on the topic. */
export const logFaults: readonly Fault[] = [
  {
    id: 'K11',
    what: 'records come again: the last hundreds of the topic twice more, or all that was ever said after a projector forgot its group',
    plan: (draw) => {
      const copies = draw.between(1, 2);
      return {
        what: `up to ${REPEATED} records, ${copies} times`,
        target: 'topic',
        inject: async (world) => {
          const { facts, identity } = await recorded(world);
          for (let copy = 0; copy < copies; copy++) await publish(world, facts.slice(-REPEATED), identity, 'repeated');
        },
      };
    },
  },
  { id: 'K12', what: 'records of one key come in another order', plan: () => ({ what: 'what was not sent yet comes backwards', target: 'topic', inject: swap }) },
  {
    id: 'K13',
    what: 'a fact that nobody can read is in the log: no JSON, or a field missing',
    plan: (draw) =>
      draw.pick([
        appended('no JSON', { type: 'ConversationStarted', data: '{"conversationId": ' }),
        appended('fields missing', { type: 'AgentCreated', data: '{}', category: 'agents.agent' }),
        appended('fields missing, and reactors want it', { type: 'PersonRegistered', data: '{}', category: 'identity.person' }),
      ]),
  },
  {
    id: 'K14',
    what: 'a fact of a later release is in the log: of an unknown type, or of a higher version',
    plan: (draw) =>
      draw.pick([appended('unknown type', { type: 'ConversationPinnedV3', data: '{"conversationId":"c"}' }), appended('higher version', { type: 'ConversationStarted', data: '{}', schemaVersion: 99 })]),
  },
  {
    id: 'K35',
    what: 'a writer has appended and does not commit, while others want to; then it does, or takes it back',
    plan: (draw) => {
      const [ms, ending] = [draw.between(500, 2_500), draw.pick(['commit', 'rollback'] as const)];
      return { what: `${ending} after ${ms} ms`, target: 'event store', inject: (world) => hold(world, ms, ending) };
    },
  },
];
