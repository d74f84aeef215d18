import { type Intent, planOf } from './plan.js';

const first = (seed: string, count = 500): Intent[] => {
  const plan = planOf(seed);
  return Array.from({ length: count }, () => plan.next().value);
};

describe('what a client does', () => {
  it('is the same for the same seed', () => expect(first('a')).toEqual(first('a')));
  it('is another for another', () => expect(first('b')).not.toEqual(first('a')));
  it('is everything in time', () => {
    const acts = new Set(first('a').map(({ act }) => act));
    expect([...acts].sort()).toEqual(['delete', 'query', 'regenerate', 'rename', 'repeat', 'send', 'start', 'stop']);
    expect(new Set(first('a').map(({ watch }) => watch))).toEqual(new Set(['ws', 'sse', undefined]));
  });
});
