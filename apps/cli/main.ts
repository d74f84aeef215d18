#!/usr/bin/env node
import { Command } from 'commander';
import { affected, type AffectedOptions } from './affected.js';
import { chat, type ChatOptions } from './chat.js';
import { CliError } from './cli-error.js';
import type { DoctorOptions } from './doctor/doctor.js';
import { erase, type ErasePersonOptions } from './erase.js';
import { evidence, type ExportOptions, type VerifyOptions } from './evidence.js';
import { history, type HistoryOptions, type StateOptions } from './history.js';
import { exportConversations, type ExportConversationsOptions, importConversations, type ImportOptions } from './interchange.js';
import { login, logout } from './login.js';
import { members, type NewMember } from './members.js';
import { addAdmin, type NewAdmin } from './operator/admins.js';
import { analysts, type NewAnalystOptions } from './operator/analysts.js';
import { eraseAgain } from './operator/erase-again.js';
import { sweepErased } from './operator/erase-sweep.js';
import type { BackupOptions } from './operator/backup.js';
import type { DiffOptions } from './operator/diff.js';
import type { RestoreOptions } from './operator/restore.js';
import type { StoreCopyOptions } from './operator/store-copy.js';
import { projections } from './projections.js';
import { type ShowOptions, usage, type UsageExportOptions } from './usage.js';
import { retention } from './retention.js';

const program = new Command('parley').description('Talk to a Parley server, and look after it.').showHelpAfterError();

program
  .command('chat')
  .description('send a message and watch the reply come in; without a message, read them from the terminal line by line')
  .argument('[message]', 'what to say; `-` reads it from standard input')
  .option('-a, --agent <id>', 'agent to talk to (default: the first of your tenant)')
  .option('-c, --conversation <id>', 'go on with this conversation')
  .option('--json', 'one JSON object a line, for programs')
  .action((message: string | undefined, options: ChatOptions) => chat(message, options));

program
  .command('login')
  .description('sign in with e-mail address and password, and stay signed in')
  .option('-e, --email <address>', 'e-mail address')
  .option('--password-stdin', 'read the password from standard input')
  .action((options: { email?: string; passwordStdin?: boolean }) => login(options));

program.command('logout').description('forget the sign-in kept on this machine').action(() => logout());

program
  .command('doctor')
  .description('look at all that the environment names (database, log, Redis, providers, keys, disk, clocks, the server), and say what is wrong')
  .option('--json', 'one JSON object, for programs')
  .action(async (options: DoctorOptions) => (await import('./doctor/doctor.js')).doctor(options));

const people = program.command('members').description('the people of your tenant, and what they may do (owners and administrators)');
people
  .command('add')
  .description('take someone into your tenant, with an account of their own')
  .requiredOption('-e, --email <address>', 'they sign in with it')
  .requiredOption('-r, --role <role>', 'tenant-owner, tenant-admin, member, analyst, auditor or platform-admin')
  .option('-n, --name <name>', 'what they are called')
  .option('--password-stdin', 'read their first password from standard input (default: one is drawn by chance, and shown)')
  .option('--json', 'one JSON object, for programs')
  .action((options: NewMember) => members.add(options));
people
  .command('role')
  .description('give someone another role; it holds from the next refresh of their tokens on')
  .argument('<person>', 'their id or e-mail address')
  .argument('<role>', 'the new role')
  .action((who: string, role: string) => members.role(who, role));
people.command('list').description('who there is').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => members.list(options));

program
  .command('admins')
  .description('who may do anything, of a Parley in parts')
  .command('add')
  .description('make the first platform-admin, at the door of the command side (PARLEY_COMMAND_URL)')
  .requiredOption('-e, --email <address>', 'they sign in with it')
  .option('-s, --slug <name>', 'name of the tenant that comes with them', 'operators')
  .option('--password-stdin', 'read the password from standard input')
  .action((options: NewAdmin) => addAdmin(options));

const several = (value: string, before: readonly string[] = []) => [...before, value];
const audit = program.command('audit').description('the history of your tenant, and the proof that nobody changed it (auditors and owners)');
audit
  .command('history')
  .description('every fact: who, when, by which command, and what it changed')
  .option('-t, --tenant <id>', 'another tenant than yours (platform-admin)')
  .option('--person <id>', 'facts that this person caused, or that name them')
  .option('--agent <id>', 'facts of this agent, or that name it')
  .option('--stream <stream>', 'facts of this stream')
  .option('--type <name>', 'facts of this name, e.g. MessageSent')
  .option('--correlation <id>', 'facts of this chain of requests')
  .option('--from <instant>', 'recorded at or after')
  .option('--to <instant>', 'recorded at or before')
  .option('--last <n>', 'only the latest, 100 at most')
  .option('--changes', 'what each changed, field by field')
  .option('--json', 'one JSON object a line')
  .action((options: HistoryOptions) => history.list(options));
audit
  .command('state')
  .description('conversations, agents, members and usage as they were')
  .option('-t, --tenant <id>', 'another tenant than yours (platform-admin)')
  .option('--at <moment>', 'an instant with its time zone, or a position of the log (default: now)')
  .option('--table <name>', 'only this read model, e.g. chat.conversations; may be repeated', several)
  .option('--json', 'one JSON object a line')
  .action((options: StateOptions) => history.state(options));
audit
  .command('affected')
  .description('exactly the replies that an incident touched, of how many people, at what cost')
  .option('--agent <id>', 'replies of this agent')
  .option('--prompt-version <n>', "replies by this version of the agent's prompt")
  .option('--provider <name>', 'replies through this provider')
  .option('--model <name>', 'replies of this model')
  .option('--key <id>', 'replies that were asked for with this key, or by this person')
  .option('--between <a..b>', 'replies that were being made at some time between two instants')
  .option('--json', 'one JSON object a line; the last one is the sum')
  .action((options: AffectedOptions) => affected(options));
audit
  .command('export')
  .description('write the whole history into one file, which anyone can verify with parley-verify')
  .requiredOption('-o, --out <file>', 'the bundle')
  .option('-t, --tenant <id>', 'another tenant than yours (platform-admin)')
  .option('--json', 'one JSON object, for programs')
  .action((options: ExportOptions) => evidence.export(options));
audit
  .command('verify')
  .description('check a bundle, or the log of the running server, against its chain and its signed heads')
  .option('-b, --bundle <file>', 'a bundle; the server is not asked')
  .option('-t, --tenant <id>', 'another tenant than yours (platform-admin)')
  .option('-k, --key <key>', 'only this key counts: its fingerprint (sha256:…) or a PEM file; may be repeated', several)
  .option('--anchor <file>', 'heads that were kept outside; may be repeated', several)
  .option('--json', 'one JSON object, for programs')
  .action((options: VerifyOptions) => evidence.verify(options));
audit
  .command('diff')
  .description('fold the log and compare it with the tables, cell by cell, while the server runs (operator)')
  .option('-t, --tenant <id>', 'only the rows of this tenant')
  .option('--all', 'the rows of all tenants')
  .option('-p, --projection <name>', 'only this read model')
  .option('--resume', 'go on where the last run was stopped')
  .option('--json', 'one JSON object a line, for programs')
  .action(async (options: DiffOptions) => (await import('./operator/diff.js')).compareTables(options));
audit.command('keys').description('the public keys that sign, and their fingerprints').action(() => evidence.keys());

program
  .command('export')
  .description('your own conversations as a file, which `parley import` takes back')
  .option('-f, --format <format>', 'json or markdown', 'json')
  .option('-o, --out <file>', 'where to; `-` prints it (default: parley-conversations.json or .md)')
  .action((options: ExportConversationsOptions) => exportConversations(options));
program
  .command('import')
  .description('take in conversations that Parley, ChatGPT, LibreChat or Open WebUI exported; again changes nothing')
  .argument('<file>', 'the exported file')
  .option('-a, --agent <id>', 'agent that they go on with (default: the first of your tenant)')
  .option('--json', 'one JSON object, for programs')
  .action((file: string, options: ImportOptions) => importConversations(file, options));

const keeping = program.command('retention').description('how long your tenant keeps things (owners)');
keeping
  .command('set')
  .description('hide things when nothing happened in them for so long')
  .argument('<kind>', 'conversations')
  .argument('<days>', 'after how many days, or `never`')
  .action((kind: string, days: string) => retention.set(kind, days));
keeping.command('list').description('the rules').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => retention.list(options));

const erasing = program.command('erase').description('end something for good');
erasing
  .command('person')
  .description('erase a person of your tenant: nobody can read any more what they wrote and were answered (owners; everybody for themselves)')
  .argument('<person>', 'their id or e-mail address')
  .option('--confirm <text>', 'the id or e-mail address once more, where there is no terminal to ask at')
  .option('--json', 'one JSON object, for programs')
  .action((who: string, options: ErasePersonOptions) => erase.person(who, options));
erasing
  .command('again')
  .description('erase once more all of whom the log or a list knows that they were: after keys or all were restored from a backup (operator)')
  .option('--erased <file>', 'the list that Parley kept apart from its database; without it, the log alone is asked')
  .action((options: { erased?: string }) => eraseAgain(options));
erasing
  .command('sweep')
  .description('write over what the files of the database still hold of keys that were destroyed (operator)')
  .action(() => sweepErased());

program
  .command('backup')
  .description('write down one moment of this Parley while it runs: the data, and apart from it the keys of people (operator)')
  .option('--data <file>', 'the log, and what is kept beside it')
  .option('--keys <file>', 'the keys of people, wrapped; keep them apart, and for a short time')
  .action(async (options: BackupOptions) => (await import('./operator/backup.js')).backup(options));
program
  .command('restore')
  .description('restore a backup into a new data folder or an empty database (operator)')
  .option('--data <file>', 'the log, and what is kept beside it')
  .option('--keys <file>', 'the keys of people')
  .option('--in-place', 'the database itself was set back, by its own means: say so to those who followed it further')
  .option('--erased <file>', 'the list of who was erased, which Parley kept apart from its database: none of them comes back')
  .option('--nobody-erased', 'there is no such list, for nobody was erased since')
  .action(async (options: RestoreOptions) => (await import('./operator/restore.js')).restore(options));

const tables = program.command('projections').description('look after what follows the log: projections and reactors (platform-admin)');
tables.command('status').description('position, lag and parked facts of each table').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => projections.status(options));
tables
  .command('diff')
  .description('fold the log and compare it with the tables of all tenants, cell by cell, while the server runs (operator)')
  .argument('[projection]', 'name of the read model (default: all)')
  .option('--resume', 'go on where the last run was stopped')
  .option('--json', 'one JSON object a line, for programs')
  .action(async (projection: string | undefined, options: DiffOptions) => (await import('./operator/diff.js')).compareTables({ ...options, all: true, ...(projection && { projection }) }));
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
  .action(async (options: StoreCopyOptions) => (await import('./operator/store-copy.js')).copyStore(options));

const readers = program.command('analysts').description('logins to the database for those who read the tables of schema analytics (operator)');
readers
  .command('create')
  .description('make a login that sees schema analytics and nothing else')
  .argument('<name>', 'small letters, digits and underscores')
  .option('-t, --tenant <tenant>', 'it sees the rows of this tenant: id or name')
  .option('--all-tenants', 'it sees the rows of every tenant')
  .option('--password-stdin', 'read its password from standard input (default: one is drawn by chance, and shown)')
  .option('--json', 'one JSON object, for programs')
  .action((name: string, options: NewAnalystOptions) => analysts.create(name, options));
readers.command('list').description('who there is, and whose rows they see').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => analysts.list(options));
readers.command('drop').description('take a login away').argument('<name>', 'whose').action((name: string) => analysts.drop(name));

const used = program.command('usage').description('what replies consumed, and the tables behind it (analysts, auditors, administrators and owners)');
used
  .command('show')
  .description('sums of the last 30 days')
  .option('-f, --from <day>', 'first day, in UTC: 2025-01-01')
  .option('-t, --to <day>', 'last day, in UTC')
  .option('-b, --by <names>', 'split by hour, day, week, month, agent, person, provider, model; several with commas', 'day,model')
  .option('--json', 'one JSON object a line')
  .action((options: ShowOptions) => usage.show(options));
used.command('tables').description('which tables there are, and what their columns mean').argument('[table]', 'only this one').option('--json', 'one JSON object a line').action((table: string | undefined, options: { json?: boolean }) => usage.tables(table, options));
used
  .command('export')
  .description('write a table into a file: a CSV, or a Parquet file for DuckDB, pandas and the like')
  .requiredOption('-o, --out <file>', 'the file; it is written whole or not at all')
  .option('--table <name>', 'which table', 'replies')
  .option('-f, --from <day>', 'first day, in UTC (default: 30 days ago)')
  .option('-t, --to <day>', 'last day, in UTC (default: today)')
  .option('--format <format>', 'csv or parquet (default: by the name of the file)')
  .option('--json', 'one JSON object, for programs')
  .action((options: UsageExportOptions) => usage.export(options));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  if (process.argv.includes('--json')) console.log(JSON.stringify({ type: 'error', code: error.code, message: error.message, hint: error.hint ?? null }));
  else console.error(`parley: ${error.message}${error.hint ? `\n${error.hint}` : ''}`);
  process.exitCode = 1;
}
