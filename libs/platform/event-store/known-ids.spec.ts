import { KnownIds } from './known-ids.js';

const place = (revision: number) => ({ eventId: `id-${revision}`, revision: BigInt(revision), position: BigInt(100 + revision) });

describe('the ids that a stream holds', () => {
  it('are known as far as they were learnt without a gap', () => {
    const known = new KnownIds();
    known.learn('a', [place(0), place(1)]);
    known.learn('a', [place(3)]);
    expect(known.of('a')).toMatchObject({ through: 1n });
    expect(known.of('a').get('id-1')).toEqual({ revision: 1n, position: 101n });
    expect(known.of('a').get('id-3')).toBeUndefined();
    known.learn('a', [place(1), place(2), place(3)]);
    expect(known.of('a')).toMatchObject({ through: 3n });
  });

  it('are of their stream alone', () => {
    const known = new KnownIds();
    known.learn('a', [place(0)]);
    expect(known.of('b')).toMatchObject({ through: -1n });
    expect(known.of('b').get('id-0')).toBeUndefined();
  });

  it('are forgotten before they take too much memory, those of the stream least used first', () => {
    const known = new KnownIds();
    for (const stream of ['old', 'used', 'new']) {
      known.of('used');
      known.learn(stream, Array.from({ length: 40_000 }, (_, revision) => place(revision)));
    }
    expect(['old', 'used', 'new'].map((stream) => known.of(stream).through)).toEqual([-1n, 39_999n, 39_999n]);
  });
});
