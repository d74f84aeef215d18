import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { newStream, proposed } from '../../event-store/event-store.contract.js';
import { type EventStore, NO_STREAM, type StoredFact, StoreReplaced } from '../../event-store/event-store.js';
import { MemoryEventStore } from '../../event-store/memory.event-store.js';
import type { Databases } from '../../postgres/databases.js';
import { specDatabases } from '../../testing/database.js';
import { SpecServer } from '../../testing/spec-server.js';
import { kafkaPlace } from './kafka-url.js';
import { type Admin, createTopic, endsOf, KafkaClients, type LaneRecord, send } from './kafkajs.js';
import { KafkaEventLog } from './kafka.event-log.js';
import { laneOf } from '../lanes.js';
import { recordOf } from './records.js';
import { Relay } from './relay.js';
import { RelayLeases, relaysTable } from './relay-leases.js';
import { type TopicPlan, TopicUnusable } from './topic.js';

const LANES = 3;

let databases: Databases;
let broker: SpecServer;
let clients: KafkaClients;
let admin: Admin;
beforeAll(async () => {
  [databases, broker] = await Promise.all([specDatabases([relaysTable]), SpecServer.start('kafka')]);
  clients = new KafkaClients(kafkaPlace(broker.url));
  admin = clients.admin();
  await admin.connect();
}, 60_000);
afterAll(async () => {
  await admin.disconnect();
  await broker.close();
  await databases.close();
});

/** What was started in a test, and ends with it. */
const stops: (() => unknown)[] = [];
let [store, plan]: [EventStore, TopicPlan] = [undefined!, undefined!];
beforeEach(() => {
  store = new MemoryEventStore();
  plan = { topic: `spec.${crypto.randomUUID()}`, lanes: LANES, replicas: 1, retentionMs: 3_600_000 };
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Two of each lane: whoever has one has something to do. */
const tenants = Array.from({ length: 6 }, (_, index) => tenantOf(index % LANES));
function tenantOf(lane: number): string {
  const tenantId = crypto.randomUUID();
  return laneOf(tenantId, LANES) === lane ? tenantId : tenantOf(lane);
}
const append = async (count: number, to = store) => {
  for (let index = 0; index < count; index++) await to.append(newStream(), NO_STREAM, [proposed(`${index}`, { tenantId: tenants[index % tenants.length]! })]);
};

function startRelay(of = store, lifeMs = 2_000): Relay {
  const relay = new Relay(clients, plan, of, new RelayLeases(databases.writer, plan.topic, of.identity, plan.lanes, lifeMs));
  relay.start();
  stops.push(() => relay.stop());
  return relay;
}

interface Following {
  readonly seen: StoredFact[];
  readonly through: Map<number, bigint>;
  readonly refused: Error | undefined;
  stop(): Promise<void>;
}

/** Follows as a projector does: it takes what is above its checkpoint, and begins again when the log is lost. */
function startFollower(options: { name?: string; of?: EventStore; places?: Map<number, bigint>; paceMs?: number } = {}): Following {
  const { name = 'spec', of = store, places = new Map<number, bigint>(), paceMs = 0 } = options;
  const log = new KafkaEventLog(clients, plan, of);
  const end = new AbortController();
  const following = { seen: [] as StoredFact[], through: places, refused: undefined as Error | undefined, stop };
  const running = run();
  async function run(): Promise<void> {
    while (!end.signal.aborted) {
      try {
        for await (const { lane, facts, through } of log.follow({ name, after: async (each) => places.get(each) ?? 0n, signal: end.signal })) {
          following.seen.push(...facts.filter(({ position }) => position > (places.get(lane) ?? 0n)));
          places.set(lane, through > (places.get(lane) ?? 0n) ? through : places.get(lane)!);
          await delay(paceMs);
        }
      } catch (error) {
        if (error instanceof StoreReplaced) {
          following.refused = error;
          return;
        }
        await delay(200);
      }
    }
  }
  async function stop(): Promise<void> {
    end.abort();
    await running;
    await log.close();
  }
  stops.push(stop);
  return following;
}

async function until(is: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<number> {
  const begun = performance.now();
  while (!(await is())) {
    if (performance.now() - begun > withinMs) throw new Error('it did not come to pass');
    await delay(10);
  }
  return performance.now() - begun;
}

/** Every fact of the store, once, each tenant's in the order of the log. */
async function expectAll(seen: readonly StoredFact[], of = store): Promise<void> {
  const all = await of.readAll(0n, 100_000);
  expect(seen).toHaveLength(all.length);
  for (const tenant of tenants) {
    const theirs = (facts: readonly StoredFact[]) => facts.filter(({ tenantId }) => tenantId === tenant).map(({ position }) => position);
    expect(theirs(seen)).toEqual(theirs(all));
  }
}

const whole = async ({ seen }: Following, of = store) => seen.length >= Number(await of.head());

/** Writes into the topic as anybody could. */
async function put(records: readonly LaneRecord[]): Promise<void> {
  const producer = clients.producer();
  await producer.connect();
  for (const record of records) await send(producer, plan.topic, [record]);
  await producer.disconnect();
}

/** The facts of the store as the relay writes them. */
async function records(of = store): Promise<readonly LaneRecord[]> {
  const last = new Map<number, bigint>();
  return (await of.readAll(0n, 100_000)).map((fact) => {
    const lane = laneOf(fact.tenantId, plan.lanes);
    const record = recordOf(fact, of.identity, lane, last.get(lane) ?? 0n);
    last.set(lane, fact.position);
    return record;
  });
}

/** What is held in buffers now, and not only waits to be let go. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

const makeTopic = (config: Record<string, string> = {}) => createTopic(admin, { topic: plan.topic, partitions: LANES, replicas: 1, config: { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime', ...config } });


describe('the log through kafka', () => {
  it('shares the lanes among processes of one name, and gives them all to the one that stays', async () => {
    startRelay();
    const places = new Map<number, bigint>();
    const [a, b] = [startFollower({ places }), startFollower({ places })];
    const all = async () => BigInt(a.seen.length + b.seen.length) >= (await store.head());
    await until(async () => {
      await append(6);
      return a.seen.length > 0 && b.seen.length > 0;
    });
    await until(all);
    await a.stop();
    await append(60);
    await until(all);
    await expectAll([...a.seen, ...b.seen].sort((x, y) => Number(x.position - y.position)));
  });

  it('drops what comes twice, whole batches of it', async () => {
    await makeTopic();
    await append(30);
    const all = await records();
    const following = startFollower();
    await put([...all, ...all]);
    await until(() => whole(following));
    await append(1);
    await put((await records()).slice(-1));
    await until(() => whole(following));
    await expectAll(following.seen);
  });

  it('never takes in what comes in another order than the log’s: what is missing comes from the store', async () => {
    await makeTopic();
    await append(30);
    const all = [...(await records())];
    for (let index = 0; index + 6 < all.length; index += 12) [all[index], all[index + 6]] = [all[index + 6]!, all[index]!]; // the same tenant
    const following = startFollower();
    await put(all);
    await until(() => whole(following));
    await expectAll(following.seen);
  });

  it('passes over what is no record of ours', async () => {
    await makeTopic();
    await append(6);
    const [first, ...rest] = await records();
    const following = startFollower();
    await put([first!, { ...first!, headers: {} }, { ...first!, value: null, headers: { ...first!.headers, position: 'x' } }, ...rest]);
    await until(() => whole(following));
    await expectAll(following.seen);
  });

  it('reads from the store what the topic keeps no longer', async () => {
    startRelay();
    await append(60);
    const early = startFollower({ name: 'early' });
    await until(() => whole(early));
    const ends = await endsOf(admin, plan.topic);
    await admin.deleteTopicRecords({ topic: plan.topic, partitions: ends.map((offset, partition) => ({ partition, offset: `${offset - 2n}` })) });
    const late = startFollower({ name: 'late' });
    await until(() => whole(late));
    await expectAll(late.seen);
    await append(30);
    await until(async () => (await whole(late)) && (await whole(early)));
    await expectAll(late.seen);
    await expectAll(early.seen);
  });

  it('holds little while a follower is slow, and keeps its place in the group', async () => {
    startRelay();
    const text = 'x'.repeat(4_000);
    const appendOne = (_: unknown, index: number) => store.append(newStream(), NO_STREAM, [proposed(text, { tenantId: tenants[index % 6]! })]);
    for (let round = 0; round < 16; round++) await Promise.all(Array.from({ length: 500 }, appendOne));
    await until(async () => (await endsOf(admin, plan.topic).catch(() => [])).reduce((sum, end) => sum + end, 0n) >= 8_000n);
    const before = heldBytes();
    const following = startFollower({ paceMs: 1_000 });
    await delay(2_500);
    expect(heldBytes() - before).toBeLessThan(16 * 2 ** 20); // of 40 MB
    expect(following.seen.length).toBeGreaterThan(0);
    expect(following.seen.length).toBeLessThan(8_000);
    await following.stop();
  });

  it('is refused when its topic has more partitions than its facts are laid out over', async () => {
    const relay = startRelay();
    const following = startFollower();
    await append(12);
    await until(() => whole(following));
    await admin.createPartitions({ topicPartitions: [{ topic: plan.topic, count: LANES + 1 }] });
    await until(() => relay.status().state === 'failing' && following.refused !== undefined);
    expect(relay.status().reason).toContain(`has ${LANES + 1} partitions, and its facts are laid out over ${LANES}`);
    expect(following.refused).toBeInstanceOf(TopicUnusable);
    plan = { ...plan, lanes: LANES + 1 }; // whoever raises both numbers is refused too
    const raised = startRelay();
    await until(() => raised.status().state === 'failing');
    expect(raised.status().reason).toContain(`Name a new topic in PARLEY_EVENT_LOG_URL`);
    const other = startFollower({ name: 'raised' });
    await until(() => other.refused !== undefined);
  }, 40_000);

  it('is refused when its topic would be compacted', async () => {
    await makeTopic({ 'cleanup.policy': 'compact' });
    const [relay, following] = [startRelay(), startFollower()];
    await until(() => relay.status().state === 'failing' && following.refused !== undefined);
    expect(following.refused!.message).toContain('cleanup.policy=compact: compaction would take facts out of the middle. Set it to delete');
  });

  it('makes its topic with the stated partitions and retention, to be deleted by time and never compacted', async () => {
    const relay = startRelay();
    await until(() => relay.status().state === 'leading');
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: plan.topic }] });
    const config = Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
    expect(config).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '3600000', 'retention.bytes': '-1' });
    expect(await endsOf(admin, plan.topic)).toHaveLength(LANES);
  });

  it('is refused when the topic carries facts of another store, or of another epoch of this one', async () => {
    const relay = startRelay();
    await append(6);
    await until(() => relay.status().position === 6n);
    await relay.stop();
    const other = new MemoryEventStore();
    await append(6, other);
    const [theirs, following] = [startRelay(other), startFollower({ name: 'other', of: other })];
    await until(() => theirs.status().state === 'failing' && following.refused !== undefined);
    expect(theirs.status().reason).toContain(`was filled from ${store.identity.storeId} (epoch 1)`);
    expect(following.refused!.message).toContain('delete the topic, or name another in PARLEY_EVENT_LOG_URL');
  });

  it('is refused when the store was set back under the topic', async () => {
    const relay = startRelay();
    await append(12);
    await until(() => relay.status().position === 12n);
    await relay.stop();
    const copy = Object.assign(new MemoryEventStore(), { identity: store.identity });
    await append(6, copy);
    const [theirs, following] = [startRelay(copy), startFollower({ of: copy, places: new Map([0, 1, 2].map((lane) => [lane, 12n])) })];
    await until(() => theirs.status().state === 'failing' && following.refused !== undefined);
    expect(theirs.status().reason).toContain('ends at position 6');
    expect(following.refused!.message).toContain('ends at position 6, before 12');
  });
});

describe('the relay', () => {
  const leasesOf = (lifeMs = 2_000) => new RelayLeases(databases.writer, plan.topic, store.identity, LANES, lifeMs);

  it('goes on at its checkpoint when it starts again', async () => {
    const first = startRelay();
    await append(30);
    await until(() => first.status().position === 30n);
    await first.stop();
    const before = await endsOf(admin, plan.topic);
    await append(6);
    const second = startRelay();
    await until(() => second.status().position === 36n);
    const after = await endsOf(admin, plan.topic);
    expect(Number(after.reduce((sum, end, lane) => sum + end - before[lane]!, 0n))).toBeLessThan(30); // 6 facts and some marks
  });

  it('is one: another waits, and takes over when the lease has run out; the former steps down', async () => {
    const [first, following] = [startRelay(), startFollower()];
    await until(() => first.status().state === 'leading');
    const second = startRelay();
    await until(() => second.status().state === 'standby');
    await append(30);
    await until(() => whole(following));
    await databases.writer.query(`update parley.relays set expires_at = '-infinity', holder = null where topic = $1`, [plan.topic]);
    await until(() => [first, second].filter((relay) => relay.status().state === 'leading').length === 1);
    await append(30);
    await until(() => whole(following));
    await expectAll(following.seen);
  });

  it('is fenced: who lost the lease saves nothing any more, and the checkpoint never goes back', async () => {
    const [leases, others] = [leasesOf(1), leasesOf(10_000)];
    const old = (await leases.take())!;
    await delay(20);
    const lease = (await others.take())!;
    expect(lease.fence).toBe(old.fence + 1n);
    const at = (position: bigint) => ({ position, lanes: [0n, 0n, 0n], ends: [0n, 0n, 0n] });
    expect(await leases.keep(old, at(5n))).toBe(false);
    expect(await others.keep(lease, at(7n))).toBe(true);
    expect(await others.keep(lease, at(6n))).toBe(false);
    expect(await leases.take()).toBeUndefined();
    await others.release(lease);
    expect((await leases.take())!.position).toBe(7n);
  });

  it('a zombie that speaks again changes nothing', async () => {
    startRelay();
    const following = startFollower();
    await append(30);
    await until(() => whole(following));
    await put(await records()); // all it ever had to say
    await append(6);
    await until(() => whole(following));
    await expectAll(following.seen);
  });

  it('tells every lane how far the log has come, soon', async () => {
    startRelay();
    const following = startFollower();
    await append(1); // one lane alone has a fact
    await until(() => following.through.size === LANES && [...following.through.values()].every((each) => each === 1n));
    await append(1);
    expect(await until(() => [...following.through.values()].every((each) => each === 2n))).toBeLessThan(2_000);
  });
});

describe('when kafka', () => {
  /** Facts come all the while. */
  function startWriting() {
    const end = new AbortController();
    const writing = (async () => {
      while (!end.signal.aborted) {
        await append(6);
        await delay(20);
      }
    })();
    const stop = async () => {
      end.abort();
      await writing;
    };
    stops.push(stop);
    return stop;
  }

  async function withTraffic(fault: (relay: Relay) => Promise<void>): Promise<number> {
    const relay = startRelay();
    const following = startFollower();
    const stopWriting = startWriting();
    await until(() => following.seen.length > 50);
    await fault(relay);
    const mendedAt = performance.now();
    await stopWriting();
    await until(() => whole(following), 30_000);
    await expectAll(following.seen);
    return performance.now() - mendedAt;
  }

  it('is killed and starts again: facts are written all the while, no fact is lost, none comes twice, all are through within 20 seconds', async () => {
    const ms = await withTraffic(async (relay) => {
      await broker.kill();
      await append(1_000);
      await until(() => relay.status().state === 'failing');
      await broker.start();
    });
    expect(ms).toBeLessThan(20_000);
  }, 60_000);

  it('hangs: the same', async () => {
    const ms = await withTraffic(async () => {
      broker.hang();
      await delay(6_000);
      broker.goOn();
    });
    expect(ms).toBeLessThan(20_000);
  }, 60_000);

  it('is slow: the same', async () => {
    await withTraffic(async () => {
      for (let round = 0; round < 6; round++) {
        broker.hang();
        await delay(400);
        broker.goOn();
        await delay(100);
      }
    });
  }, 60_000);

  it('starts empty: what it had acknowledged and lost comes from the store, to those who follow and to those who come', async () => {
    await withTraffic(async () => {
      await broker.kill();
      broker.setBack();
      await broker.start();
    });
    const late = startFollower({ name: 'late' });
    await until(() => whole(late));
    await expectAll(late.seen);
  }, 60_000);

  it('starts from an older copy: the same', async () => {
    startRelay();
    const [early, stopWriting] = [startFollower(), startWriting()];
    await until(() => early.seen.length > 50);
    await broker.stop();
    const copy = broker.copy();
    await broker.start();
    const had = early.seen.length;
    await until(() => early.seen.length > had + 50);
    await stopWriting();
    await until(() => whole(early));
    await early.stop();
    await broker.kill();
    broker.setBack(copy);
    await broker.start();
    const late = startFollower({ name: 'late' }); // nothing new is written: it must learn by itself that something is missing
    await until(() => whole(late), 30_000);
    await expectAll(late.seen);
  }, 90_000);
});
