import { factMetaSchema, id, instant } from '@parley/kernel/meta.js';
import fc from 'fast-check';
import { z } from 'zod';
import { unchangedBy } from './unchanged.js';

const schema = z.object({
  id,
  at: instant,
  day: z.iso.date(),
  name: z.string().min(1).max(5).regex(/^[a-z]+$/i),
  title: z.string().nullable(),
  note: z.string().optional(),
  kind: z.enum(['one', 'two']),
  count: z.int().min(0).max(9),
  share: z.number(),
  isDone: z.boolean(),
  inner: z.object({ tags: z.array(z.string()).max(2) }),
});
const isUnchanged = unchangedBy(schema);
const whole = {
  id: '0190a000-0000-7000-8000-00000000000a', at: '2026-01-31T12:00:00.000Z', day: '2026-01-31', name: 'abc', title: null,
  kind: 'one', count: 3, share: 0.5, isDone: true, inner: { tags: ['a'] },
};
/** Values that are right here and wrong there. */
const odd = fc.constantFrom<unknown>(
  undefined, null, '', 'abc', 'abcdef', 'ABC', 'a b', whole.id, whole.id.toUpperCase(), whole.at, '2026-02-30T12:00:00Z', '2026-01-31', 'one', 'three',
  0, -1, 3, 10, 0.5, Number.NaN, Infinity, 2 ** 53, true, [], ['a'], ['a', 'b', 'c'], [1], {}, { tags: [] }, { tags: ['a'], more: 1 }, { tags: 'a' },
);
const records = fc.tuple(fc.constantFrom(...Object.keys(schema.shape), 'more'), odd).map(([field, value]) => ({ ...whole, [field]: value }));

describe('what a schema leaves as it is', () => {
  it('is told from all else: whatever is said to be unchanged, comes out of the schema equal', () => {
    expect(isUnchanged(whole)).toBe(true);
    let yes = 0;
    fc.assert(
      fc.property(fc.oneof(records, odd), (value) => {
        if (!isUnchanged(value)) return;
        yes++;
        const { data, success } = schema.safeParse(value);
        expect(success).toBe(true);
        expect(JSON.stringify(data, Object.keys(whole).sort())).toBe(JSON.stringify(value, Object.keys(whole).sort()));
        expect(data).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
    expect(yes).toBeGreaterThan(50);
  });

  it('is nothing that the schema would refuse or change: too long, in capitals, too much', () => {
    const wrong: readonly object[] = [
      { name: 'abcdef' }, { name: '' }, { id: whole.id.toUpperCase() }, { more: 1 }, { count: 10 }, { count: 0.5 }, { kind: 'three' }, { at: 'today' }, { inner: { tags: ['a'], more: 1 } }, { inner: null }, { title: undefined },
    ];
    for (const each of wrong) expect([each, isUnchanged({ ...whole, ...each })]).toEqual([each, false]);
  });

  it('is found in the metadata of every fact', () => {
    const meta = { tenantId: whole.id, actor: { kind: 'system', id: 'a.part', role: 'system' }, now: whole.at, commandId: 'a', correlationId: 'b', schemaVersion: 1 };
    expect(unchangedBy(factMetaSchema)(meta)).toBe(true);
    expect(unchangedBy(factMetaSchema)({ ...meta, causationId: whole.id })).toBe(true);
    expect(unchangedBy(factMetaSchema)({ ...meta, commandId: 'a b' })).toBe(false);
  });

  it.each([
    ['a transformation', z.string().transform((text) => text.length)],
    ['a check of its own', z.string().refine(() => true)],
    ['a default', z.string().default('a')],
    ['a coercion', z.coerce.string()],
    ['another schema, of two', z.union([z.string(), z.number()])],
    ['a format that no pattern tells', z.url()],
    ['whatever else it says', z.looseObject({})],
  ])('is not judged where there is %s', (_, unknown) => {
    expect(['a', 'https://example.com', {}].filter(unchangedBy(unknown))).toEqual([]);
  });
});
