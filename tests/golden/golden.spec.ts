import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentsProjections } from '@parley/agents/read/agents-projections.js';
import { chatProjections } from '@parley/chat/read/chat-projections.js';
import type { ConversationRenamed } from '@parley/chat/domain/conversation.events.js';
import { identityProjections } from '@parley/identity/read/identity-projections.js';
import { defineEvent, type EventDefinition } from '@parley/kernel/event.js';
import { id } from '@parley/kernel/meta.js';
import { personal } from '@parley/kernel/personal.js';
import { eventIdOf } from '@parley/platform/cqrs/event-id.js';
import { readable } from '@parley/platform/personal-data/undecodable.js';
import { appendGolden, definitionsIn, goldenCodec, goldenRows, readGolden } from '@parley/platform/testing/golden.js';
import { tenancyProjections } from '@parley/tenancy/read/tenancy-projections.js';
import { usageProjections } from '@parley/usage/read/usage-projections.js';
import { z } from 'zod';
import { examples } from './examples.js';

const [LOG, ROWS] = ['tests/golden/log.jsonl', 'tests/golden/rows.json'];
const HOW = 'add an example to the end of tests/golden/examples.ts, run `PARLEY_GOLDEN=append npm test -- tests/golden`, and commit what it writes';
const projections = [...identityProjections, ...tenancyProjections, ...agentsProjections, ...chatProjections, ...usageProjections];

const sources = globSync('libs/**/*.ts', { exclude: (name) => /\.(spec|contract)\.ts$/.test(name) || name === 'testing' || name === 'kernel' });
/** Stored names, by the file that declares them, as the source says them: none can hide by not being exported. */
const declared = sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bdefineEvent\(\s*'([^']+)'/g)].map(([, type]) => ({ file, type: type! })));

let definitions: Record<string, EventDefinition>;
beforeAll(async () => {
  const modules = await Promise.all([...new Set(declared.map(({ file }) => file))].map((file) => import(join(process.cwd(), file)) as Promise<object>));
  definitions = Object.fromEntries(modules.flatMap(definitionsIn).map((definition) => [definition.type, definition]));
  if (process.env['PARLEY_GOLDEN'] !== 'append') return;
  await appendGolden(LOG, examples, definitions);
  writeFileSync(ROWS, await goldenRows(readGolden(LOG), projections));
});

describe('the golden log', () => {
  it('holds every fact that is declared anywhere, in the version of today', () => {
    expect(declared.length).toBeGreaterThan(20);
    expect(Object.keys(definitions).sort()).toEqual(declared.map(({ type }) => type).sort());
    const held = new Set(readGolden(LOG).map(({ type, meta }) => `${type} v${(JSON.parse(meta) as { schemaVersion: number }).schemaVersion}`));
    const missing = Object.values(definitions).filter(({ type, version }) => !held.has(`${type} v${version}`));
    expect(missing.map(({ type, version }) => `${type} v${version} is not in the golden log: ${HOW}.`)).toEqual([]);
  });

  it('is numbered like a log, and says of each fact whose it is', () => {
    const revisions = new Map<string, bigint>();
    readGolden(LOG).forEach(({ position, stream, revision, tenantId }, index) => {
      expect({ position, revision }).toEqual({ position: BigInt(index + 1), revision: (revisions.get(stream) ?? -1n) + 1n });
      expect(stream).toContain(`-${tenantId}.`);
      revisions.set(stream, revision);
    });
  });

  it('can be read, and opened, as it was said', async () => {
    const log = readGolden(LOG);
    const facts = readable(await goldenCodec().decode(log, definitions, { open: true }));
    const today = facts.filter(({ type, meta }) => meta.schemaVersion === definitions[type]!.version);
    const said = new Map(examples.map(({ label, stream, event }) => [eventIdOf(stream, `golden:${label}`, 0), event]));
    expect(today.map(({ type, data }) => ({ type, data }))).toEqual(today.map(({ eventId }) => said.get(eventId)));
  });

  it('holds nothing personal in the clear', () => {
    const text = readFileSync(LOG, 'utf8');
    for (const secret of ['ada@example.org', 'Grüße', 'Hello.', 'Greetings', 'Soon gone', 'Elsewhere']) expect(text).not.toContain(secret);
  });

  it('gives the golden rows', async () => {
    // Rows that changed on purpose are written anew by the same command; a raised version of the projection stands beside them.
    expect(JSON.parse(await goldenRows(readGolden(LOG), projections))).toEqual(JSON.parse(readFileSync(ROWS, 'utf8')));
  });

  it('gives each projection at least a row', async () => {
    const tables = Object.entries(JSON.parse(readFileSync(ROWS, 'utf8')) as Record<string, { rows: unknown[] }>);
    expect(tables.filter(([, { rows }]) => rows.length === 0)).toEqual([]);
  });

  it('would still be read when a fact had a newer shape, or another name', async () => {
    const shape = { conversationId: id, name: personal(z.string()), renamedBy: id, renamedAt: z.string() };
    const upcast = ({ title, ...rest }: z.output<typeof ConversationRenamed.schema>) => ({ ...rest, name: title });
    const newer = defineEvent('ConversationRenamed', z.object(shape), { subject: 'renamedBy', version: 2, upcasts: [upcast] });
    const renamed = defineEvent('ConversationNamed', z.object(shape), { subject: 'renamedBy', formerly: { ConversationRenamed: upcast } });
    const [line] = readGolden(LOG).filter(({ type }) => type === 'ConversationRenamed');
    for (const definition of [newer, renamed]) {
      const [fact] = readable(await goldenCodec().decode([line!], { [definition.type]: definition }, { open: true }));
      expect(fact).toMatchObject({ type: definition.type, data: { name: 'Greetings' } });
    }
  });
});
