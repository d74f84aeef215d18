import { jest } from '@jest/globals';
import { linkOf, START, verifyBundle } from '#parley-verify';
import { ChainReads } from '@parley/audit/chain/chain-reads.js';
import { contentOf } from '@parley/audit/chain/chained-fact.js';
import { Anchors } from '@parley/audit/anchors/anchor.js';
import { Archive, MemoryAnchor, SetClock } from './archive.js';

jest.setTimeout(60_000); // days end at the next look, which is seconds away

const [tenantA, tenantB] = [crypto.randomUUID(), crypto.randomUUID()];
const clock = new SetClock();

let archive: Archive;
beforeAll(async () => (archive = await Archive.open({ clock })));
afterAll(() => archive.shut());

const reads = () => new ChainReads(archive.databases);
const verified = (text: string) => verifyBundle(text.split('\n'), { trusted: new Set([archive.key.keyId]) });

describe('the chain', () => {
  it('has a link for each fact of a tenant, in the order of the log, each over the one before', async () => {
    await archive.record(tenantA, 'one', ['a', 'b']);
    await archive.record(tenantB, 'one', ['x']);
    await archive.record(tenantA, 'two', ['c']);
    await archive.close(tenantA);
    const facts = (await archive.store.readAll(0n, 100)).filter(({ tenantId }) => tenantId === tenantA);
    let previous = START;
    const expected = facts.map((fact, index) => (previous = linkOf(previous, tenantA, index + 1, contentOf(fact))));
    expect((await reads().links(tenantA, 0, 10)).map(({ hash }) => hash)).toEqual(expected);
  });

  it('is whole, and says how far it was signed', async () => {
    await archive.record(tenantA, 'one', ['d']);
    await archive.until(async () => (await reads().end(tenantA))?.facts === 4);
    const { report } = await archive.check(tenantA);
    expect(report).toMatchObject({ findings: [], facts: 4, streams: 2, heads: 1, unsigned: 1, unchained: 0, keyIds: [archive.key.keyId] });
    await archive.close(tenantA);
    expect((await archive.check(tenantA)).report).toMatchObject({ findings: [], facts: 4, heads: 2, unsigned: 0 });
  });

  it('gives a bundle that a stranger verifies', async () => {
    const text = await archive.bundle(tenantA);
    expect(await verified(text)).toMatchObject({ tenantId: tenantA, findings: [], facts: 4, streams: 2, heads: 3 });
    expect(await verified(await archive.bundle(tenantB))).toMatchObject({ tenantId: tenantB, findings: [], facts: 1 });
  });

  it('is closed by a head for each of several exports at once, and for one whose fact is signed already', async () => {
    const texts = await Promise.all([archive.bundle(tenantB), archive.bundle(tenantB), archive.bundle(tenantB)]);
    const reports = await Promise.all(texts.map(verified));
    expect(reports.map(({ findings }) => findings)).toEqual([[], [], []]);
    await archive.record(tenantB, 'two', ['y']);
    expect(await verified(await archive.bundle(tenantB))).toMatchObject({ findings: [], facts: 2, heads: 5 });
  });

  it('is found whole from its first fact on, while facts come in and heads are signed', async () => {
    process.env['PARLEY_AUDIT_HEAD_FACTS'] = '10';
    const busy = await Archive.open();
    delete process.env['PARLEY_AUDIT_HEAD_FACTS'];
    let isOver = false;
    const writing = [1, 2, 3].map(async (talk) => {
      while (!isOver) await busy.record(tenantA, `${talk}`, ['a', 'b']);
    });
    const found = [];
    for (const end = Date.now() + 3_000; Date.now() < end; ) found.push((await busy.check(tenantA)).report);
    isOver = true;
    await Promise.all(writing);
    expect(found.flatMap(({ findings }) => findings)).toEqual([]);
    expect(found.at(-1)!.heads).toBeGreaterThan(2);
    await busy.shut();
  });

  it('is signed at the end of each day that brought facts, and of no other', async () => {
    const heads = async () => (await reads().heads(tenantA, 0, 100)).length;
    const before = await heads();
    clock.time = new Date(Date.now() + 86_400_000);
    await archive.record(tenantA, 'one', ['e']);
    await archive.until(async () => (await heads()) === before + 1);
    clock.time = new Date(Date.now() + 2 * 86_400_000);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await heads()).toBe(before + 1);
  });

  it('is built by one process, and another takes over when that one ends', async () => {
    const second = archive.keep();
    await archive.until(async () => (await second.health()).details['state'] === 'waiting');
    const holder = `select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database
      where datname = current_database() and locktype = 'advisory' and granted and objid::int8 = hashtext('parley.audit.chain')::int8 & 4294967295`;
    const [first] = (await archive.databases.owner.query<{ pid: number }>(holder)).rows;
    await archive.databases.owner.query('select pg_terminate_backend($1)', [first!.pid]);
    await archive.record(tenantA, 'one', ['f', 'g']);
    const text = await archive.bundle(tenantA);
    expect(await verified(text)).toMatchObject({ findings: [], facts: 7 });
  });

  it('is made anew for a log that was set back, whose heads then tell what is gone', async () => {
    const gone = crypto.randomUUID();
    await archive.record(gone, 'one', ['a', 'b', 'c']);
    await archive.close(gone);
    await archive.stopKeeping();
    await archive.databases.owner.query('update parley.store set epoch = epoch + 1; delete from parley.events where tenant_id = $1 and revision = 2'.replace('$1', `'${gone}'`));
    Object.assign(archive.store.identity, { epoch: archive.store.identity.epoch + 1 });
    archive.keep();
    await archive.until(async () => (await reads().end(gone))?.facts === 2);
    expect((await archive.check(gone)).report.findings).toEqual([expect.objectContaining({ code: 'facts-differ', sentence: 'head 1 counts 3 facts in 1 streams; here are 2 in 1.' })]);
    expect((await archive.check(tenantA)).report.findings).toEqual([]);
  });
});

describe('heads', () => {
  it('wait while the place outside cannot take them, which health shows, and follow in their order', async () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const anchor = new MemoryAnchor();
    const publish = anchor.publish.bind(anchor);
    anchor.publish = () => Promise.reject(full);
    const house = await Archive.open({ anchors: new Anchors([anchor]) });
    await house.stopKeeping();
    const keeper = house.keep();
    for (const text of ['a', 'b']) {
      await house.record(tenantA, 'one', [text]);
      await house.close(tenantA);
    }
    await house.until(async () => (await keeper.health()).status === 'degraded');
    expect((await keeper.health()).details).toEqual({ state: 'running', anchor: 'ENOSPC' });
    anchor.publish = publish;
    await house.until(async () => (await keeper.health()).status === 'up');
    expect(anchor.heads.map(({ payload }) => (JSON.parse(payload) as { head: number }).head)).toEqual([1, 2]);
    await house.shut();
  });

  it('close so many facts without waiting for the end of the day', async () => {
    process.env['PARLEY_AUDIT_HEAD_FACTS'] = '10';
    const house = await Archive.open();
    delete process.env['PARLEY_AUDIT_HEAD_FACTS'];
    for (let number = 0; number < 25; number++) await house.record(tenantA, `${number}`, ['a']);
    await house.until(async () => (await house.check(tenantA)).report.facts === 25);
    await house.until(async () => (await house.check(tenantA)).report.unsigned < 10);
    const { report } = await house.check(tenantA);
    expect(report).toMatchObject({ findings: [], facts: 25 });
    expect(report.heads).toBeGreaterThanOrEqual(1);
    await house.shut();
  });

  it('say of a log that was cut under the chain that it is refused', async () => {
    const house = await Archive.open();
    await house.record(tenantA, 'one', ['a', 'b', 'c']);
    await house.close(tenantA);
    await house.stopKeeping();
    await house.databases.owner.query('delete from parley.events where revision > 0');
    const keeper = house.keep();
    await house.until(async () => (await keeper.health()).details['state'] === 'refused');
    expect((await keeper.health()).status).toBe('degraded');
    expect((await house.check(tenantA)).report.findings.map(({ code }) => code)).toEqual(['missing', 'missing']);
    await house.shut();
  });
});
