import { RowCache } from './row-cache.js';

const row = (text: string) => ({ tenantId: 'a', text });

describe('a row cache', () => {
  it('holds the rows used last, and forgets those before', () => {
    const cache = new RowCache();
    for (let id = 0; id < 10_001; id++) cache.set(`${id}`, row('x'));
    expect([cache.has('0'), cache.has('1'), cache.get('10000')]).toEqual([false, true, row('x')]);
  });

  it('holds little of what is large', () => {
    const cache = new RowCache();
    for (const id of ['a', 'b', 'c', 'd', 'e']) cache.set(id, row('x'.repeat(1_000_000)));
    expect(['a', 'b', 'c', 'd', 'e'].filter((id) => cache.has(id))).toEqual(['c', 'd', 'e']);
    cache.delete('c');
    cache.set('c', { tenantId: 'a', list: Array.from({ length: 10 }, () => 'y'.repeat(1_000)) } as never);
    expect(['c', 'd', 'e'].every((id) => cache.has(id))).toBe(true);
  });
});
