import { proposed } from './event-store.contract.js';
import type { StoredFact } from './event-store.js';
import { Tail } from './tail.js';

const facts = (from: number, to: number, data = '{}'): StoredFact[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ ...proposed('', { data }), position: BigInt(from + index), stream: 's', revision: BigInt(index), recordedAt: new Date(0) }));
const positions = (found: readonly StoredFact[] | undefined) => found?.map(({ position }) => Number(position));

describe('the tail of the log', () => {
  let tail: Tail;
  beforeEach(() => {
    tail = new Tail();
    tail.wrote(9n, facts(10, 12));
  });

  it('answers from within what was written here', () => {
    expect(positions(tail.after(9n, 10))).toEqual([10, 11, 12]);
    expect(positions(tail.after(10n, 1))).toEqual([11]);
  });

  it('leaves to the store what is before it, and what may be after it', () => {
    expect(tail.after(8n, 10)).toBeUndefined();
    expect(tail.after(12n, 10)).toBeUndefined();
    expect(new Tail().after(0n, 10)).toBeUndefined();
  });

  it('goes on while nobody else writes, and begins anew after others did', () => {
    tail.wrote(12n, facts(13, 13));
    expect(positions(tail.after(11n, 10))).toEqual([12, 13]);
    tail.wrote(15n, facts(16, 17));
    expect(tail.after(11n, 10)).toBeUndefined();
    expect(positions(tail.after(15n, 10))).toEqual([16, 17]);
  });

  it('does not answer once others are known to have written, until we wrote after them', () => {
    expect(tail.others(12n)).toBe(false);
    expect(tail.others(14n)).toBe(true);
    expect(tail.others(14n)).toBe(false);
    expect(tail.after(10n, 10)).toBeUndefined();
    tail.wrote(14n, facts(15, 15));
    expect(positions(tail.after(14n, 10))).toEqual([15]);
  });

  it('stays small', () => {
    tail.wrote(12n, facts(13, 5_012));
    expect(tail.after(3_000n, 10)).toBeUndefined();
    expect(tail.after(4_000n, 5_000)).toHaveLength(1_012);
    tail.wrote(5_012n, facts(5_013, 5_032, 'x'.repeat(2 ** 20)));
    expect(tail.after(5_012n, 100)).toBeUndefined();
    expect(tail.after(5_030n, 100)).toHaveLength(2);
  });
});
