import { Anchors, comparedOutside, type Finding, readAnchor, type Report, type SignedHead, told, trustedKey, verifyFile } from '#parley-verify';
import { CliError } from './cli-error.js';
import { Server } from './server.js';
import { writeWhole } from './whole-file.js';

export interface ExportOptions {
  readonly tenant?: string;
  readonly out: string;
  readonly json?: boolean;
}

export interface VerifyOptions {
  readonly bundle?: string;
  readonly tenant?: string;
  readonly key?: readonly string[];
  readonly anchor?: readonly string[];
  readonly json?: boolean;
}

/** What the server tells while it checks its own log. */
type Step = { readonly kind: 'progress'; readonly facts: number } | ({ readonly kind: 'head' } & SignedHead) | ({ readonly kind: 'report'; readonly unsigned: number; readonly unchained: number } & Report);

interface Known {
  readonly trusted?: ReadonlySet<string>;
  readonly anchors?: Anchors;
}

/** What proves that the history of a tenant is as it was recorded. */
export const evidence = {
  /** The whole history of a tenant in one file, verified before it gets its name. */
  async export({ tenant, out, json }: ExportOptions): Promise<void> {
    const content = new Server().post('/audit/exports', { tenantId: tenant });
    const report = await writeWhole(out, content, async (draft) => {
      const checked = await verifyFile(draft);
      if (checked.findings.some(({ code }) => code === 'cut')) throw new CliError('The connection ended before the bundle was whole.', 'UNREACHABLE', 'Nothing was written; run it again.');
      return checked;
    });
    say(report, out, json);
  },

  async verify(options: VerifyOptions): Promise<void> {
    const known = knownOf(options);
    if (options.bundle !== undefined) say(await inOneSentence(() => verifyFile(options.bundle!, known)), options.bundle, options.json);
    else say(await checkServer(options, known), 'the log of the running server', options.json);
  },

  /** The public keys that heads are signed by: compare them by another way than this one. */
  async keys(): Promise<void> {
    const { keys } = await new Server().get<{ keys: readonly { keyId: string; pem: string }[] }>('/audit/keys');
    for (const { keyId, pem } of keys) console.log(`${keyId}\n${pem}`);
  },
};

async function checkServer({ tenant, json }: VerifyOptions, known: Known): Promise<Report> {
  const heads: SignedHead[] = [];
  for await (const step of steps(new Server().post('/audit/verifications', { tenantId: tenant }))) {
    if (step.kind === 'head') heads.push(step);
    if (step.kind === 'progress' && process.stderr.isTTY && !json) process.stderr.write(`\r${step.facts} facts …`);
    if (step.kind !== 'report') continue;
    if (process.stderr.isTTY && !json) process.stderr.write('\r\u001b[K');
    const { unsigned, unchained, ...report } = step;
    const outside: Finding[] = comparedOutside(step.tenantId!, heads, known);
    const notes = [
      ...(known.trusted ? [] : [`Whose key it is: compare ${report.keyIds.join(', ')} with what you were told by another way, or give it with --key.`]),
      ...(known.anchors ? [] : ['Whether heads were cut off together with what they sign: give a file of anchored heads with --anchor.']),
      ...(unsigned + unchained > 0 ? [`${unsigned + unchained} facts after the last head: they are not signed yet.`] : []),
      'The server checked itself: for a check without it, export a bundle and run parley-verify.',
    ];
    return { ...report, findings: [...report.findings, ...outside], notes };
  }
  throw new CliError('The connection ended before the check was over.', 'UNREACHABLE', 'Run it again.');
}

async function* steps(content: AsyncIterable<Uint8Array>): AsyncGenerator<Step, void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const part of content) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Step;
  }
}

function say(report: Report, name: string, json?: boolean): void {
  console.log(json ? JSON.stringify(report) : told(report, name));
  if (report.findings.length > 0) process.exitCode = 1;
}

function knownOf({ key = [], anchor = [] }: VerifyOptions): Known {
  try {
    return {
      ...(key.length > 0 && { trusted: new Set(key.map(trustedKey)) }),
      ...(anchor.length > 0 && { anchors: anchor.reduce((all, each) => readAnchor(each, all), new Anchors()) }),
    };
  } catch (error) {
    throw new CliError((error as Error).message);
  }
}

async function inOneSentence<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new CliError((error as Error).message);
  }
}
