import type { Command } from 'commander';
import type { DoctorOptions } from '../doctor/doctor.js';
import type { BackupOptions } from '../operator/backup.js';
import type { DiffOptions } from '../operator/diff.js';
import type { RestoreOptions } from '../operator/restore.js';
import type { StoreCopyOptions } from '../operator/store-copy.js';
import { projections } from '../projections.js';

/** For whoever runs Parley: mostly at its databases rather than at its door. */
export function addOperating(program: Command): void {
  program
    .command('doctor')
    .description('look at all that the environment names (database, log, Redis, providers, keys, disk, clocks, the server), and say what is wrong')
    .option('--json', 'one JSON object, for programs')
    .action(async (options: DoctorOptions) => (await import('../doctor/doctor.js')).doctor(options));

  program
    .command('backup')
    .description('write down one moment of this Parley while it runs: the data, and apart from it the keys of people (operator)')
    .option('--data <file>', 'the log, and what is kept beside it')
    .option('--keys <file>', 'the keys of people, wrapped; keep them apart, and for a short time')
    .action(async (options: BackupOptions) => (await import('../operator/backup.js')).backup(options));

  program
    .command('restore')
    .description('restore a backup into a new data folder or an empty database (operator)')
    .option('--data <file>', 'the log, and what is kept beside it')
    .option('--keys <file>', 'the keys of people')
    .option('--in-place', 'the database itself was set back, by its own means: say so to those who followed it further')
    .option('--erased <file>', 'the list of who was erased, which Parley kept apart from its database: none of them comes back')
    .option('--nobody-erased', 'there is no such list, for nobody was erased since')
    .action(async (options: RestoreOptions) => (await import('../operator/restore.js')).restore(options));

  const tables = program.command('projections').description('look after what follows the log: projections and reactors (platform-admin)');
  tables.command('status').description('position, lag and parked facts of each table').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => projections.status(options));
  tables
    .command('diff')
    .description('fold the log and compare it with the tables of all tenants, cell by cell, while the server runs (operator)')
    .argument('[projection]', 'name of the read model (default: all)')
    .option('--resume', 'go on where the last run was stopped')
    .option('--json', 'one JSON object a line, for programs')
    .action(async (projection: string | undefined, options: DiffOptions) => (await import('../operator/diff.js')).compareTables({ ...options, all: true, ...(projection && { projection }) }));
  tables
    .command('rebuild')
    .description('build tables anew from the log, beside those that are served; they take their place when they are as far')
    .argument('[projection]', 'name of the read model (default: all)')
    .option('--no-wait', 'come back at once; `status` says how far they are')
    .action((projection: string | undefined, options: { wait: boolean }) => projections.rebuild(projection, options));
  tables
    .command('rollback')
    .description('have queries read the table again that they read before')
    .argument('<projection>', 'name of the read model')
    .option('--stale', 'also one that another release made and that is behind the log')
    .action((projection: string, options: { stale?: boolean }) => projections.rollback(projection, options));
  tables
    .command('retry')
    .description('take parked facts in again, after the cause was mended')
    .argument('<projection>', 'name of the read model, e.g. chat.conversation_list')
    .option('-s, --stream <stream>', 'only this stream')
    .action((projection: string, { stream }: { stream?: string }) => projections.retry(projection, stream));
  tables
    .command('skip')
    .description('leave a parked fact out for good; the skip is itself recorded')
    .argument('<projection>', 'name of the read model')
    .argument('<eventId>', 'the parked fact')
    .requiredOption('-r, --reason <text>', 'why it may be left out')
    .action((projection: string, eventId: string, { reason }: { reason: string }) => projections.skip(projection, eventId, reason));

  const stores = program.command('store').description('the event store, the one place where anything is written first (operator)');
  stores
    .command('copy')
    .description('copy the log into another store, going on where an earlier copy ended, and verify it by reading both again')
    .option('--from <url>', 'the log (default: the one of PARLEY_EVENT_STORE_URL)')
    .requiredOption('--to <url>', 'the other store, empty or with a part of the same log: esdb://…, postgres://…')
    .option('--switch', 'have the reactors of this Parley go on in the copy; Parley must be stopped')
    .option('--json', 'one JSON object, for programs')
    .action(async (options: StoreCopyOptions) => (await import('../operator/store-copy.js')).copyStore(options));
}
