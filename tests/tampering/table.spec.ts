import { jest } from '@jest/globals';
import { Anchors as Anchored, comparedOutside } from '#parley-verify';
import { Anchors } from '@parley/audit/anchors/anchor.js';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';
import { Archive, chance, MemoryAnchor } from './archive.js';
import { BREAK_INS } from './break-ins.js';

jest.setTimeout(300_000);

const RUNS = 1_000;
const TABLES = ['parley.events', 'audit.links', 'audit.chains', 'audit.heads'];
const [tenantA, tenantB] = [crypto.randomUUID(), crypto.randomUUID()];
const anchor = new MemoryAnchor();

let archive: Archive;
let facts: readonly StoredFact[];
beforeAll(async () => {
  process.env['PARLEY_AUDIT_HEAD_FACTS'] = '15';
  archive = await Archive.open({ anchors: new Anchors([anchor]) });
  delete process.env['PARLEY_AUDIT_HEAD_FACTS'];
  for (let round = 0; round < 6; round++) {
    for (const tenantId of [tenantA, tenantB]) {
      for (const talk of ['one', 'two', `${round}`]) await archive.record(tenantId, talk, [`hello ${talk} ${round}`, `Grüße “${talk}” 😀 ${round}`]);
    }
  }
  for (const tenantId of [tenantA, tenantB]) await archive.close(tenantId);
  await archive.until(async () => (await archive.databases.owner.query('select from audit.heads where anchored_at is null')).rows.length === 0);
  await archive.stopKeeping();
  facts = await archive.store.readAll(0n, 1_000);
  const { owner } = archive.databases;
  await owner.query('create schema kept');
  for (const table of TABLES) await owner.query(`create table kept.${table.split('.')[1]} as table ${table}`);
});
afterAll(() => archive.shut());

const restore = () => archive.databases.owner.query(TABLES.map((table) => `delete from ${table}; insert into ${table} select * from kept.${table.split('.')[1]};`).join(' '));

/** As the command line does it: the store's own check, and then what only somebody outside can compare. */
const check = async (tenantId: string) => {
  const { report, heads } = await archive.check(tenantId);
  const anchors = new Anchored().add(anchor.heads.map((head) => JSON.stringify({ kind: 'head', ...head })).join('\n'), 'anchor');
  return [...report.findings, ...comparedOutside(tenantId, heads, { trusted: new Set([archive.key.keyId]), anchors })];
};

it('a log that nobody touched holds', async () => {
  for (const tenantId of [tenantA, tenantB]) expect(await check(tenantId)).toEqual([]);
});

it(`${RUNS} break-ins into the table are ${RUNS} findings, each with the place`, async () => {
  const kinds = Object.keys(BREAK_INS);
  const missed: string[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const kind = kinds[seed % kinds.length]!;
    const by = chance(seed);
    const [tenantId, other] = by.below(2) ? [tenantA, tenantB] : [tenantB, tenantA];
    const of = (tenant: string) => facts.filter((fact) => fact.tenantId === tenant);
    const named = await BREAK_INS[kind]!({ owner: archive.databases.owner, mine: of(tenantId), theirs: of(other) }, by);
    const told = (await check(tenantId)).map(({ code, sentence }) => `${code}: ${sentence}`).join('\n');
    if (!named.test(told)) missed.push(`seed ${seed}, ${kind}: ${told || 'nothing was found'}; expected ${named}`);
    await restore();
  }
  expect(missed).toEqual([]);
});

it('a key of the forger’s own is another key than the right one', async () => {
  const stranger = await Archive.open();
  await stranger.record(tenantA, 'one', ['never said']);
  await stranger.close(tenantA);
  const { report, heads } = await stranger.check(tenantA);
  expect(report.findings).toEqual([]);
  expect(comparedOutside(tenantA, heads, { trusted: new Set([archive.key.keyId]) })).toEqual([expect.objectContaining({ code: 'key-foreign' })]);
  await stranger.shut();
});
