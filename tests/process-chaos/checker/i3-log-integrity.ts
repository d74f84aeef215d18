import type { Evidence } from './evidence.js';
import { groupBy, type LoggedFact, metaOf, named } from './log.js';
import { byParley, isMark, type TopicRecord } from './topic.js';
import type { Check } from './violation.js';

/** The log has no gap and no double, and the topic tells the same. */
export const logIntegrity: Check = ({ log, topic }: Evidence) => [...positions(log), ...streams(log), ...tenants(log), ...(topic ? told(log, byParley(topic)) : [])];

function positions(log: readonly LoggedFact[]): string[] {
  return log.flatMap((fact, index) => {
    const before = log[index - 1]?.position ?? 0n;
    return fact.position === before + 1n ? [] : [`after position ${before} comes ${named(fact)}`];
  });
}

function streams(log: readonly LoggedFact[]): string[] {
  return [...groupBy(log, ({ stream }) => stream)].flatMap(([stream, facts]) => {
    const found = facts.flatMap((fact, index) => (fact.revision === BigInt(index) ? [] : [`${stream}: revision ${index} is ${named(fact)}`]));
    const doubled = [...groupBy(facts, ({ eventId }) => eventId)].filter(([, same]) => same.length > 1);
    return [...found, ...doubled.map(([eventId, same]) => `${stream}: event ${eventId} is there ${same.length} times: ${same.map(named).join(', ')}`)];
  });
}

/** A fact says whose it is in three places. */
function tenants(log: readonly LoggedFact[]): string[] {
  return log.filter((fact) => metaOf(fact).tenantId !== fact.tenantId || !fact.stream.includes(`-${fact.tenantId}.`)).map((fact) => `${named(fact)} is said to be of ${fact.tenantId}, and by its metadata of ${metaOf(fact).tenantId}`);
}

/** Each tenant's facts are in one partition, in order, none missing, as they are in the log. Some may be there again. */
function told(log: readonly LoggedFact[], topic: readonly TopicRecord[]): string[] {
  const records = groupBy(topic.filter((record) => !isMark(record)), ({ key }) => key ?? '');
  const facts = groupBy(log, ({ tenantId }) => tenantId);
  const strangers = [...records.keys()].filter((tenant) => !facts.has(tenant)).map((tenant) => `the topic has ${records.get(tenant)!.length} records of ${tenant || 'nobody'}, the log has none`);
  return [...strangers, ...[...facts].flatMap(([tenant, own]) => toldOf(tenant, own, records.get(tenant) ?? []))];
}

function toldOf(tenant: string, facts: readonly LoggedFact[], records: readonly TopicRecord[]): string[] {
  const partitions = new Set(records.map(({ partition }) => partition));
  const found = partitions.size > 1 ? [`the topic has facts of ${tenant} in partitions ${[...partitions].join(', ')}`] : [];
  const known = new Map(facts.map((fact) => [fact.position, lineOf(fact)]));
  const seen = new Set<bigint>();
  let last = 0n;
  for (const record of records) {
    const at = `the record at offset ${record.offset} of partition ${record.partition}`;
    const position = BigInt(record.headers['position'] ?? 0);
    if (known.get(position) !== lineIn(record)) found.push(`${at} says position ${position} of ${tenant}, and is not what the log has there`);
    else if (!seen.has(position) && position < last) found.push(`${at} brings position ${position} of ${tenant} for the first time after ${last}`);
    seen.add(position);
    if (position > last) last = position;
  }
  return [...found, ...facts.filter(({ position }) => !seen.has(position)).map((fact) => `the topic lacks ${named(fact)} of ${tenant}`)];
}

const lineOf = ({ eventId, tenantId, type, stream, revision, data, meta, recordedAt }: LoggedFact) => JSON.stringify([eventId, tenantId, type, stream, `${revision}`, data, meta, `${recordedAt.getTime()}`]);

const lineIn = ({ key, value, headers }: TopicRecord) =>
  JSON.stringify([headers['eventId'], key, headers['type'], headers['stream'], headers['revision'], value, headers['meta'], headers['recordedAt']]);
