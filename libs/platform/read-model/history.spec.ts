import { NO_STREAM } from '../event-store/event-store.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import type { Databases } from '../postgres/databases.js';
import { SystemRandom } from '../random/random.js';
import { specDatabases } from '../testing/database.js';
import { another, meta } from '../testing/meta.js';
import { asOf, differences, replay } from './history.js';
import { ParkedFactSkipped } from './operations.events.js';
import { PostgresProjector } from './postgres.projector.js';
import { Added, Broken, stock, Taken } from './projector.contract.js';
import { readModelSchema } from './read-model.schema.js';

let databases: Databases;
beforeAll(async () => {
  databases = await specDatabases([readModelSchema]);
});
afterAll(() => databases.close());

const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom());
const pen = { shelf: 'oak', item: 'pen' };

async function storeOf(...events: Parameters<typeof codec.encode>[0]) {
  const store = new MemoryEventStore();
  const ids = events.map(() => crypto.randomUUID());
  await store.append('spec.stock-a', NO_STREAM, await codec.encode(events, { Added, Taken, Broken }, another(), ids));
  return store;
}

describe('history', () => {
  it('shows the rows of any moment', async () => {
    const source = { codec, store: await storeOf(Added({ ...pen, amount: 1 }), Added({ ...pen, amount: 2 }), Taken(pen)) };
    expect(await asOf(stock, source, 1n)).toMatchObject([{ amount: 1n }]);
    expect(await asOf(stock, source, 2n)).toMatchObject([{ amount: 3n }]);
    expect(await asOf(stock, source, 3n)).toEqual([]);
  });

  it('knows what was skipped: not before the log says it, and from then on', async () => {
    const skip = (eventId: string) =>
      ParkedFactSkipped({ projection: 'spec.stock', table: 'spec.stock_v1', stream: 'spec.stock-a', eventId, type: 'Broken', parkedFor: 'broken', reason: 'spec', skippedBy: 'spec', skippedAt: meta.now });
    const store = await storeOf(Added({ ...pen, amount: 1 }), Broken(pen), Added({ ...pen, amount: 2 }));
    const [, broken] = await store.readAll(0n, 2);
    const skipped = await codec.encode([skip(broken!.eventId)], { ParkedFactSkipped }, another(), [crypto.randomUUID()]);
    await store.append('parley.operations-a', NO_STREAM, skipped);
    await store.append('spec.stock-a', 2n, await codec.encode([Added({ ...pen, amount: 4 })], { Added }, another(), [crypto.randomUUID()]));
    expect(await asOf(stock, { codec, store }, 3n)).toMatchObject([{ amount: 1n }]);
    expect(await asOf(stock, { codec, store }, 4n)).toMatchObject([{ amount: 3n }]);
    expect(await asOf(stock, { codec, store }, 5n)).toMatchObject([{ amount: 7n }]);
  });

  it('names the rows of a table that someone changed by hand, and no others', async () => {
    const source = { codec, store: await storeOf(Added({ ...pen, amount: 1 }), Added({ ...pen, item: 'cup', amount: 2 }), Broken(pen)) };
    const projector = await PostgresProjector.open(databases, source.store.identity, [stock]);
    await replay([stock], source, projector, { limit: 2 });
    expect(await projector.checkpoint()).toBe(3n);
    expect(await differences(stock, source, projector)).toEqual([]);
    await databases.projector.query("update spec.stock_v1 set amount = 7 where item = 'pen'");
    expect(await differences(stock, source, projector)).toMatchObject([{ expected: { amount: 1n } }, { actual: { amount: 7n } }]);
    await projector.close();
  });
});
