import { CliError } from './cli-error.js';
import { Server } from './server.js';

interface Rule {
  readonly kind: string;
  readonly afterDays: number;
  readonly setAt: string;
  readonly lastAppliedAt: string | null;
  readonly hidden: number;
}

/** What becomes of things of a kind. */
const WHAT: Readonly<Record<string, string>> = { conversations: 'hidden after %d days without a message', sessions: 'ended %d days after sign-in' };

const LIST = '{ retentionRules { kind afterDays setAt lastAppliedAt hidden } }';
const SET = 'mutation ($input: SetRetentionInput!) { setRetention(input: $input) { consistencyToken } }';

/** How long the tenant keeps things. */
export const retention = {
  /** @param after a number of days, or `never` */
  async set(kind: string, after: string): Promise<void> {
    const afterDays = after === 'never' ? null : Number(after);
    if (afterDays !== null && !Number.isInteger(afterDays)) throw new CliError(`${after} is no number of days.`, 'CLI', 'Give a whole number of days, or never.');
    await new Server().ask(SET, { input: { kind: kind.toUpperCase(), afterDays } });
    console.log(afterDays === null ? `${kind} are kept.` : `${kind} are ${WHAT[kind.toLowerCase()]!.replace('%d', `${afterDays}`)}.`);
  },

  async list({ json }: { readonly json?: boolean }): Promise<void> {
    const { retentionRules } = await new Server().ask<{ retentionRules: Rule[] }>(LIST);
    if (json) for (const rule of retentionRules) console.log(JSON.stringify(rule));
    else if (retentionRules.length === 0) console.log('Everything is kept.');
    else console.table(Object.fromEntries(retentionRules.map(({ kind, ...rule }) => [kind.toLowerCase(), rule])));
  },
};
