import { setTimeout as delay } from 'node:timers/promises';
import { craft } from '../world/facts.js';
import { sql, type World } from '../world/world.js';
import type { Fault } from './fault.js';

/** How soon it must be noticed. */
const NOTICED_MS = 10_000;

const RESETS = {
  'another store, empty': 'truncate parley.events; update parley.store set store_id = gen_random_uuid(), epoch = 1',
  'an older copy, restored': 'delete from parley.events where position > (select max(position) - 10 from parley.events); update parley.store set epoch = epoch + 1',
  'an older copy, and nobody says so': 'delete from parley.events where position > (select max(position) - 10 from parley.events)',
} as const;

/**
 * Faults after which what was acknowledged is gone, so that a run ends with them: nothing that was projected from the old log may be mixed
 * with the new one, and somebody must say so.
 */
export const storeFaults: readonly Fault[] = [
  {
    id: 'K34',
    what: 'the event store is another one, or was set back, under processes that run',
    plan: (draw) => {
      const reset = draw.pick(Object.keys(RESETS) as (keyof typeof RESETS)[]);
      return { what: reset, target: 'event store', last: (world) => setBack(world, RESETS[reset]) };
    },
  },
];

/** @returns what should not have happened */
async function setBack(world: World, statements: string): Promise<readonly string[]> {
  const before = await projected(world);
  await sql(world, statements);
  const { text, values } = craft({ type: 'ChaosAfterReset', data: '{}' });
  await sql(world, text, values);
  const until = Date.now() + NOTICED_MS;
  let silent = await wells(world);
  while (silent.length > 0 && Date.now() < until) {
    await delay(200);
    silent = await wells(world);
  }
  const after = await projected(world);
  return [
    ...(silent.length > 0 ? [`${silent.join(', ')}: well, ${NOTICED_MS} ms after the store was set back`] : []),
    ...(after === before ? [] : ['read models or their checkpoints changed after the store was set back']),
  ];
}

/** Of the relays the leading one, or who would follow it: whether any of them says that something is wrong. */
async function wells({ parts }: World): Promise<string[]> {
  const relays = parts.of('relay');
  const well = await Promise.all(relays.map(async (part) => (await part.status()) === 'up'));
  return well.includes(false) ? [] : relays.map((part) => parts.nameOf(part));
}

/** Read models and how far they are, as one text. */
async function projected(world: World): Promise<string> {
  const checkpoints = await sql(world, 'select table_name, lane, position::text, store_id, epoch from parley.projection_checkpoints order by 1, 2');
  const tables = await sql<{ name: string }>(world, 'select distinct table_name as name from parley.projection_checkpoints order by 1');
  const rows: unknown[] = [];
  for (const { name } of tables) rows.push(await sql(world, `select md5(coalesce(string_agg(each::text, E'\\n' order by each::text), '')) as rows from ${name} each`));
  return JSON.stringify([checkpoints, rows]);
}
