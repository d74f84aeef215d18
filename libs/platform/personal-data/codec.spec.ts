import { defineEvent, type Event, type EventDefinition } from '@parley/kernel/event.js';
import { type Meta } from '@parley/kernel/meta.js';
import { ERASED, personal } from '@parley/kernel/personal.js';
import { z } from 'zod';
import type { ProposedFact, StoredFact } from '../event-store/event-store.js';
import { commandSide } from '../testing/command-side.js';
import { meta, personId, tenantId } from '../testing/meta.js';
import { PersonErased } from './codec.js';
import type { Definitions } from './fact-shape.js';
import { SealBroken } from './sealed-text.js';
import { Undecodable } from './undecodable.js';

const Said = defineEvent(
  'Said',
  z.object({ saidBy: z.string(), text: personal(z.string().max(100)), title: personal(z.string().nullable()), count: z.int() }),
  { subject: 'saidBy' },
);
const Counted = defineEvent('Counted', z.object({ count: z.int() }));
const definitions = { Said, Counted };

const eventId = '0190b000-0000-5000-a000-000000000001';
const CANARY = 'canary-4711';
const said = Said({ saidBy: personId, text: CANARY, title: null, count: 3 });

let { codec, opener, keys } = commandSide();
beforeEach(() => ({ codec, opener, keys } = commandSide()));

const encode = async (event: Event, by: Meta = meta, known: Definitions = definitions) => (await codec.encode([event], known, by, [eventId]))[0]!;
const stored = (proposed: ProposedFact, change: Partial<StoredFact> = {}): StoredFact => ({
  ...proposed,
  position: 7n,
  stream: `spec.talk-${tenantId}.a`,
  revision: 2n,
  recordedAt: new Date(meta.now),
  ...change,
});
const decode = async (fact: StoredFact, { open = true, known = definitions }: { open?: boolean; known?: Definitions } = {}) => (await codec.decode([fact], known, { open }))[0]!;
/** The fact with its data changed in the store. */
const tampered = async (change: (data: Record<string, unknown>) => object, of: Event = said) => {
  const fact = stored(await encode(of));
  return { ...fact, data: JSON.stringify(change(JSON.parse(fact.data) as Record<string, unknown>)) };
};

describe('the codec', () => {
  it('gives back what was said, with its place and the full metadata', async () => {
    const by: Meta = { ...meta, causationId: eventId, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, decisionId: eventId };
    expect(await decode(stored(await encode(said, by)))).toEqual({
      ...said,
      eventId,
      position: 7n,
      stream: `spec.talk-${tenantId}.a`,
      revision: 2n,
      meta: { ...by, schemaVersion: 1 },
      recordedAt: new Date(meta.now),
    });
  });

  it('stores canonical JSON, in which nothing personal stands', async () => {
    const { data, meta: metadata } = await encode(said);
    expect(data).not.toContain(CANARY);
    expect(data).toMatch(/^\{"count":3,"saidBy":"[^"]+","text":"sealed:v1:text:[^"]+","title":null\}$/);
    expect(metadata).toBe(
      `{"actor":{"id":"${personId}","kind":"person","role":"tenant-owner"},"commandId":"${meta.commandId}","correlationId":"spec","now":"${meta.now}","schemaVersion":1,"tenantId":"${tenantId}"}`,
    );
  });

  it('leaves it sealed for projections, whose columns the opener opens', async () => {
    const fact = (await decode(stored(await encode(said)), { open: false })) as Event<'Said', { text: string }>;
    expect(fact.data.text).toMatch(/^sealed:v1:text:/);
    expect(await opener.open(tenantId, [fact.data.text, null, ''])).toEqual([CANARY, null, '']);
    await expect(opener.open(tenantId, ['plain text'])).rejects.toThrow(SealBroken);
  });

  it('opens nothing for another tenant, even where the same person has a key', async () => {
    const fact = (await decode(stored(await encode(said)), { open: false })) as Event<'Said', { text: string }>;
    const other = crypto.randomUUID();
    expect(await opener.open(other, [fact.data.text])).toEqual([ERASED]);
    await keys.obtain({ tenantId: other, subjectId: personId });
    await expect(opener.open(other, [fact.data.text])).rejects.toThrow(SealBroken);
  });

  it('does not know an event that is not declared', async () => {
    await expect(encode({ type: 'Sung', data: {} })).rejects.toThrow('Sung');
  });
});

describe('a person who was erased', () => {
  beforeEach(() => keys.obtain({ tenantId, subjectId: personId }));

  it('is erased from every fact and column, and the rest of the facts stays', async () => {
    const fact = stored(await encode(said));
    const sealed = (await decode(fact, { open: false })) as Event<'Said', { text: string }>;
    await keys.destroy({ tenantId, subjectId: personId });
    expect(await decode(fact)).toMatchObject({ data: { text: ERASED, title: null, count: 3 } });
    expect(await opener.open(tenantId, [sealed.data.text])).toEqual([ERASED]);
  });

  it('says nothing new', async () => {
    await keys.destroy({ tenantId, subjectId: personId });
    await expect(encode(said)).rejects.toThrow(PersonErased);
  });

  it('is still counted by the system, without their text', async () => {
    await keys.destroy({ tenantId, subjectId: personId });
    const fact = await encode(said, { ...meta, actor: { kind: 'system', id: 'spec', role: 'system' } });
    expect(fact.data).not.toContain(CANARY);
    expect(await decode(stored(fact))).toMatchObject({ data: { text: ERASED, count: 3 } });
  });
});

describe('a fact that was tampered with', () => {
  it.each<[string, (data: Record<string, unknown>) => object]>([
    ['the text stands open', (data) => ({ ...data, text: CANARY })],
    ['the seal was cut', (data) => ({ ...data, text: (data['text'] as string).slice(0, -4) })],
    ['the text was moved to another field', (data) => ({ ...data, title: data['text'] })],
    ['it was given to another person', (data) => ({ ...data, saidBy: crypto.randomUUID() })],
  ])('is not read when %s', async (_, change) => {
    expect(await decode(await tampered(change))).toMatchObject({ code: 'broken-seal' });
  });

  it('is not read when it was moved to another event or tenant', async () => {
    const fact = stored(await encode(said));
    const tenant = crypto.randomUUID();
    expect(await decode({ ...fact, eventId: crypto.randomUUID() })).toMatchObject({ code: 'broken-seal' });
    expect(await decode({ ...fact, tenantId: tenant, meta: fact.meta.replace(tenantId, tenant) })).toMatchObject({ data: { text: ERASED } }); // a person whom that tenant never had
    await keys.obtain({ tenantId: tenant, subjectId: personId });
    expect(await decode({ ...fact, tenantId: tenant, meta: fact.meta.replace(tenantId, tenant) })).toMatchObject({ code: 'broken-seal' });
  });
});

describe('a fact that cannot be read', () => {
  it.each<[string, Partial<StoredFact>, Undecodable['code']]>([
    ['of an unknown type', { type: 'Sung' }, 'unknown-type'],
    ['that is not JSON', { data: '{"count":' }, 'invalid'],
    ['that is not an object', { data: '1' }, 'invalid'],
    ['that lacks a field', { data: '{}' }, 'invalid'],
    ['with broken metadata', { meta: '{}' }, 'invalid'],
    ['of one tenant in its row and another in its metadata', { tenantId: crypto.randomUUID() }, 'invalid'],
  ])('%s says so, and does not disturb its neighbours', async (_, change, code) => {
    const counted = stored(await encode(Counted({ count: 1 })));
    const [first, second] = await codec.decode([stored(await encode(Counted({ count: 1 })), change), counted], definitions, { open: true });
    expect(first).toBeInstanceOf(Undecodable);
    expect(first).toMatchObject({ code });
    expect(second).toMatchObject({ data: { count: 1 } });
  });

  it('does not quote its data in the reason', async () => {
    const wrong = (await decode(await tampered(() => ({ count: CANARY }), Counted({ count: 1 })))) as Undecodable;
    expect(wrong.reason).toBe('count: invalid_type');
  });
});

describe('an event that has changed its shape', () => {
  const First = defineEvent('Spoke', z.object({ saidBy: z.string(), words: personal(z.string()) }), { subject: 'saidBy' });
  const upcasts = [(old: { words: string }) => ({ ...old, text: old.words }), (old: object) => ({ ...old, loud: false })];
  const Third = defineEvent('Spoke', z.object({ saidBy: z.string(), text: personal(z.string()), loud: z.boolean() }), { subject: 'saidBy', version: 3, upcasts });
  const Renamed = defineEvent('SpokeUp', Third.schema as z.ZodObject, { subject: 'saidBy', formerly: { Spoke: (old: { words: string }) => ({ ...old, text: old.words, loud: true }) } });
  const spoke = First({ saidBy: personId, words: CANARY });
  const known = (definition: unknown) => ({ [(definition as EventDefinition).type]: definition as EventDefinition });

  it('is read in its latest shape, its text sealed or opened', async () => {
    const fact = stored(await encode(spoke, meta, known(First)));
    expect(await decode(fact, { known: known(Third) })).toMatchObject({ type: 'Spoke', data: { saidBy: personId, text: CANARY, loud: false }, meta: { schemaVersion: 1 } });
    expect(await decode(fact, { known: known(Third), open: false })).toMatchObject({ data: { text: expect.stringMatching(/^sealed:v1:words:/) as string } });
  });

  it('is written in its latest version', async () => {
    expect((await encode(Third({ saidBy: personId, text: 'hi', loud: true }), meta, known(Third))).meta).toContain('"schemaVersion":3');
  });

  it('is read under its new name', async () => {
    expect(await decode(stored(await encode(spoke, meta, known(First))), { known: known(Renamed) })).toMatchObject({ type: 'SpokeUp', data: { text: CANARY, loud: true } });
  });

  it('is not read by an older build', async () => {
    const fact = stored(await encode(Third({ saidBy: personId, text: 'hi', loud: true }), meta, known(Third)));
    expect(await decode(fact, { known: known(First) })).toMatchObject({ code: 'newer-version' });
  });

  it('is not read when its upcast fails', async () => {
    const Broken = defineEvent('Spoke', Third.schema as z.ZodObject, { subject: 'saidBy', version: 2, upcasts: [() => { throw new Error(CANARY); }] });
    expect(await decode(stored(await encode(spoke, meta, known(First))), { known: known(Broken) })).toMatchObject({ code: 'invalid', reason: 'its upcast from version 1 failed' });
  });
});
