import type { Evidence } from './evidence.js';
import type { HistoryLine, TenantLine } from '../history.js';
import { groupBy, named } from './log.js';
import { NOBODY, type ReadTable } from './tables.js';
import { byParley } from './topic.js';
import type { Check } from './violation.js';

/** Nothing of a tenant comes to another: in no answer, no event of a stream, no record, no row that is shown to it. */
export const tenantIsolation: Check = (evidence: Evidence) => {
  const tenants = evidence.history.filter((line) => line.kind === 'tenant');
  return [...heard(evidence.history, tenants), ...kept(evidence, tenants), ...evidence.tables.flatMap(shown)];
};

/** What came to clients, by answers and by streams, whose pieces are put together: a word may come in two. */
function heard(history: readonly HistoryLine[], tenants: readonly TenantLine[]): string[] {
  const tenantOf = new Map(history.flatMap((line) => (line.kind === 'command' && line.tenant ? [[line.client, line.tenant] as const] : [])));
  const answers = history.flatMap((line) => (line.kind === 'answer' ? [{ what: `an answer at ${line.at}`, client: line.client, text: line.text }] : []));
  const frames = [...groupBy(history.filter((line) => line.kind === 'frame'), ({ client, replyId }) => `${client} ${replyId}`).values()];
  const streams = frames.map((lines) => ({ what: `the stream of ${lines[0]!.replyId}`, client: lines[0]!.client, text: lines.map(({ text }) => text).join('') }));
  return [...answers, ...streams].flatMap(({ what, client, text }) =>
    foreign(tenants, tenantOf.get(client), text).map((word) => `${what} to ${client} holds ${word}`),
  );
}

/** What is kept where all tenants' things are: each piece has one owner, and what people said stands open nowhere. */
function kept({ log, topic = [], tables }: Evidence, tenants: readonly TenantLine[]): string[] {
  const facts = log.map((fact) => ({ what: named(fact), tenant: fact.tenantId, text: fact.data + fact.meta }));
  const records = byParley(topic).map(({ key, value, headers, partition, offset }) => ({ what: `the record at offset ${offset} of partition ${partition}`, tenant: key ?? NOBODY, text: `${value}${JSON.stringify(headers)}` }));
  const rows = tables.flatMap(({ name, columns, rows: all }) => {
    const at = columns.indexOf('tenant_id');
    return all.map((cells) => ({ what: `a row of ${name}`, tenant: cells[at] ?? NOBODY, text: cells.join('\n') }));
  });
  const ids = new Set(tenants.map(({ tenant }) => tenant));
  return [...facts, ...records, ...rows].flatMap(({ what, tenant, text }) => {
    const open = tenants.filter(({ sealed }) => text.includes(sealed)).map((each) => `${what} holds ${each.sealed} of ${each.tenant} in the open`);
    const others = [...ids].filter((id) => id !== tenant && text.includes(id)).map((id) => `${what}, of ${tenant || 'nobody'}, names tenant ${id}`);
    return [...open, ...others, ...foreign(tenants, tenant, text).map((word) => `${what}, of ${tenant || 'nobody'}, holds ${word}`)];
  });
}

/** What a role that is bound to a tenant is shown: its rows, all of them, and no others; bound to none, nothing. */
function shown({ name, columns, rows, shown: views }: ReadTable): string[] {
  const at = columns.indexOf('tenant_id');
  return [...views].flatMap(([tenant, view]) => {
    const own = rows.filter((cells) => cells[at] === tenant).length;
    if (view.foreign > 0) return [`${name} shows ${tenant || 'nobody'} ${view.foreign} rows of others`];
    return view.rows === own ? [] : [`${name} shows ${tenant || 'nobody'} ${view.rows} of its ${own} rows`];
  });
}

const foreign = (tenants: readonly TenantLine[], own: string | undefined, text: string): string[] =>
  tenants.flatMap(({ tenant, sealed, open }) => (tenant === own ? [] : [sealed, open].filter((word) => text.includes(word)).map((word) => `${word} of ${tenant}`)));
