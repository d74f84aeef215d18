import type { Command } from 'commander';
import { affected, type AffectedOptions } from '../affected.js';
import { evidence, type ExportOptions, type VerifyOptions } from '../evidence.js';
import { history, type HistoryOptions, type StateOptions } from '../history.js';
import type { DiffOptions } from '../operator/diff.js';

const several = (value: string, before: readonly string[] = []) => [...before, value];

/** The history, and the proof that nobody changed it. */
export function addAudit(program: Command): void {
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
    .option('-t, --tenant <id>', 'another tenant than yours (platform-admin)')
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
    .action(async (options: DiffOptions) => (await import('../operator/diff.js')).compareTables(options));
  audit.command('keys').description('the public keys that sign, and their fingerprints').action(() => evidence.keys());
}
