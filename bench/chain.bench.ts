import { setTimeout as delay } from 'node:timers/promises';
import { Anchors } from '@parley/audit/anchors/anchor.js';
import { ChainKeeper } from '@parley/audit/chain/chain-keeper.js';
import { ChainReads } from '@parley/audit/chain/chain-reads.js';
import { chainTables } from '@parley/audit/chain/chain-tables.js';
import { newSigningKey, SigningKey } from '@parley/audit/chain/signing-key.js';
import { TableCheck } from '@parley/audit/chain/table-check.js';
import { SystemClock } from '@parley/platform/clock/clock.js';
import { StoreEventLog } from '@parley/platform/event-log/store.event-log.js';
import { appends } from './append.bench.js';
import { rounds } from './measure.js';
import { type CommandSideOfParley, openCommandSide, tenantId } from './parley.js';
import { compared, type Line, missing, stated } from './report.js';
import { type Disk, startServer } from './server.js';

/** More than elsewhere: the difference is small, and rounds vary. */
const ROUNDS = 9;

/** Appending while every fact is chained and heads are signed, beside appending alone. A chain that does not keep up does not count. */
export async function chainBench(): Promise<Line[]> {
  return [...(await onDisk('as it is')), ...(await onDisk('1 ms'))];
}

async function onDisk(disk: Disk): Promise<Line[]> {
  const work = `append with the signed chain, 32 in flight, disk ${disk}`;
  const server = await startServer(disk);
  if (!server) return [missing(work, 'no C compiler (cc) to delay fdatasync with')];
  const [plain, chained] = [await openCommandSide(await server.newDatabase('plain')), await openCommandSide(await server.newDatabase('chained'))];
  await chained.databases.applySchema(chainTables);
  const [alone, both] = [appends(plain), appends(chained)];
  const keepUp = async () => {
    const reads = new ChainReads(chained.databases);
    const keeper = keeperOf(chained);
    while ((await keeper.health()).details['state'] !== 'running') await delay(5);
    const rate = await both.run(0);
    const lag = Number((await chained.store.head()) - (await reads.chainedThrough()));
    if (lag > rate / 2) throw new Error(`the chain is ${lag} facts behind`);
    while ((await reads.chainedThrough()) < (await chained.store.head())) await delay(5);
    await keeper.beforeApplicationShutdown();
    return rate;
  };
  const values = await rounds(ROUNDS, [{ ...alone, name: 'alone' }, { name: 'chained', run: keepUp }]);
  const lines = [
    compared({ work, unit: '/s', ours: values.get('chained')!, than: 'append alone', theirs: values.get('alone')!, atLeast: 0.9 }),
    ...(disk === 'as it is' ? [await verifying(chained)] : []),
  ];
  for (const each of [alone, both]) await each.close();
  await server.stop();
  return lines;
}

function keeperOf({ store, databases }: CommandSideOfParley): ChainKeeper {
  const keeper = new ChainKeeper(new StoreEventLog(store), databases, SigningKey.parse(newSigningKey(), 'bench'), new Anchors([]), new SystemClock());
  keeper.onApplicationBootstrap();
  return keeper;
}

async function verifying({ store, databases }: CommandSideOfParley): Promise<Line> {
  const start = performance.now();
  for await (const step of new TableCheck(store, new ChainReads(databases)).run(tenantId)) {
    if (step.kind !== 'report') continue;
    if (step.findings.length > 0) throw new Error(step.findings[0]!.sentence);
    const seconds = (performance.now() - start) / 1_000;
    return stated('audit verify of the running store', `${Math.round(step.facts / seconds).toLocaleString('en')} facts/s`, `${step.facts.toLocaleString('en')} facts, ${step.heads} heads`);
  }
  throw new Error('no report');
}
