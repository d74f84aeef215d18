import { eventStoreConfig, openEventStore } from '@parley/platform/event-store/open-event-store.js';
import { type EventStore, EventStoreUnusable, RevisionConflict } from '@parley/platform/event-store/event-store.js';
import { copyLog, LogsDiffer, type Progress, verifyLog } from '@parley/platform/event-store/log-copy.js';
import { ChainsKept } from '@parley/platform/operations/chains-kept.js';
import { FollowersMoved } from '@parley/platform/operations/followers-moved.js';
import { CliError } from '../cli-error.js';
import type { Operator } from './open-operator.js';
import { showProgress } from './progress.js';
import { withOperator } from './with-operator.js';

export interface StoreCopyOptions {
  readonly from?: string;
  readonly to: string;
  readonly switch?: boolean;
  readonly json?: boolean;
}

/** Copies the log into another store, and reads both again: they must be the same, fact by fact and chain by chain. */
export async function copyStore({ from: fromUrl, to: toUrl, switch: isSwitched = false, json }: StoreCopyOptions): Promise<void> {
  const bar = showProgress('facts');
  await withOperator(async (operator, signal) => {
    const opened: EventStore[] = [];
    try {
      const from = await open(fromUrl, operator, opened);
      const to = await open(toUrl, operator, opened);
      if (from.identity.storeId === to.identity.storeId) throw new CliError('These are one and the same store.', 'SAME_STORE');
      const progress = ({ position, end, doing }: Progress) => bar.at(Number(position), Number(end), doing);
      const options = { from, to, signal, progress };
      const { before, copied } = await copyLog(options);
      const [chains, followers] = [await ChainsKept.of(operator.databases.writer), await FollowersMoved.of(operator.databases.writer, from.identity)];
      const facts = await verifyLog(options, (original, copy) => {
        chains.take(copy);
        followers.see(original, copy);
      });
      if (signal.aborted) throw new CliError('Stopped.', 'STOPPED', 'The same command goes on from where it was.');
      const { same, wrong } = chains.report();
      if (wrong.length > 0) throw new CliError(`The log does not give the chain that was kept of tenant ${wrong.join(', ')}.`, 'CHAIN_BROKEN', 'See `npx parley audit verify --tenant …`.');
      const moved = isSwitched ? await followers.move(to) : 0;
      bar.end();
      report({ before, copied, facts, chains: same, reactors: moved, store: to.identity.storeId, isSwitched, toUrl }, json ?? false);
    } catch (error) {
      throw explained(error);
    } finally {
      bar.end();
      for (const store of opened) await store.close();
    }
  }, 'Run the same command again when it is back: it goes on from where it was.');
}

/** The configured store is open already: another client of it is one too many. */
async function open(url: string | undefined, { databases, masterKey, store }: Operator, opened: EventStore[]): Promise<EventStore> {
  if (url === undefined || url === eventStoreConfig.read().PARLEY_EVENT_STORE_URL) return store;
  if (url === 'memory:') throw new CliError('A log in memory is gone with its process: there is nothing to copy, and nothing would be kept.', 'NO_LOG');
  const made = await openEventStore(url, { databases, masterKey: masterKey.bytes });
  opened.push(made);
  return made;
}

function explained(error: unknown): unknown {
  if (error instanceof LogsDiffer) return new CliError(error.message, 'LOGS_DIFFER');
  if (error instanceof EventStoreUnusable) return new CliError(error.message.replace('PARLEY_EVENT_STORE_URL: ', ''), 'STORE_UNUSABLE');
  if (error instanceof RevisionConflict) return new CliError(`The other store was written to meanwhile (${error.stream}).`, 'STORE_IN_USE', 'Copy into an empty store that nobody uses.');
  return error;
}

interface Report {
  readonly before: number;
  readonly copied: number;
  readonly facts: number;
  readonly chains: number;
  readonly reactors: number;
  readonly store: string;
  readonly isSwitched: boolean;
  readonly toUrl: string;
}

function report({ isSwitched, toUrl, ...done }: Report, isJson: boolean): void {
  if (isJson) return console.log(JSON.stringify({ type: 'report', ...done }));
  const { before, copied, facts, chains, reactors, store } = done;
  console.log(`${copied} facts copied${before > 0 ? `, ${before} were there before` : ''}. All ${facts} were read again and are the same; so are the chains of ${chains} tenants.`);
  const address = toUrl.replace(/\/\/[^@/]*@/, '//…@');
  if (isSwitched) console.log(`${reactors} reactors go on in store ${store}. Start Parley with PARLEY_EVENT_STORE_URL=${address}, then: npx parley projections rebuild`);
  else console.log(`To go on from the copy: stop Parley, run this again with --switch (it copies what came since), and start Parley with PARLEY_EVENT_STORE_URL=${address}`);
}
