import type { StoreIdentity } from '../event-store/event-store.js';
import type { Databases } from '../postgres/databases.js';
import { specDatabases } from '../testing/database.js';
import { LanesDiffer, openLanes } from './checkpoints.js';
import { readModelSchema } from './read-model.schema.js';

const here: StoreIdentity = { storeId: crypto.randomUUID(), epoch: 1 };
let databases: Databases;
beforeAll(async () => void (databases = await specDatabases([readModelSchema])));
afterAll(() => databases.close());

let table: string;
beforeEach(() => void (table = `spec.t${crypto.randomUUID().replaceAll('-', '')}`));

const filled = (...positions: bigint[]) =>
  Promise.all(
    positions.map((position, lane) =>
      databases.projector.query('insert into parley.projection_checkpoints (table_name, lane, position, store_id, epoch) values ($1, $2, $3, $4, $5)', [table, lane, position, here.storeId, here.epoch]),
    ),
  );
const positions = async () => (await databases.projector.query<{ position: bigint }>('select position from parley.projection_checkpoints where table_name = $1 order by lane', [table])).rows.map(({ position }) => position);
const open = (lanes: number) => openLanes(databases.projector, [table], lanes);

describe('a table and the lanes of its log', () => {
  it('is laid out over them when it begins', async () => {
    await filled(0n);
    await open(3);
    expect(await positions()).toEqual([0n, 0n, 0n]);
  });

  it('goes on in many where it stood in one, so that nothing counts twice', async () => {
    await filled(50n);
    await open(3);
    expect(await positions()).toEqual([50n, 50n, 50n]);
  });

  it('goes back to one where all stand alike', async () => {
    await filled(50n, 50n, 50n);
    await open(1);
    expect(await positions()).toEqual([50n]);
  });

  it('is refused another number while they have come differently far, and nothing is changed', async () => {
    await filled(50n, 40n);
    await expect(open(3)).rejects.toThrow(LanesDiffer);
    await expect(open(1)).rejects.toThrow('Let it come to the end with PARLEY_EVENT_LOG_URL and PARLEY_EVENT_LOG_PARTITIONS as they were');
    expect(await positions()).toEqual([50n, 40n]);
  });

  it('stays as it is when the number is the same', async () => {
    await filled(50n, 40n);
    await open(2);
    expect(await positions()).toEqual([50n, 40n]);
  });
});
