import { readFileSync } from 'node:fs';
import { Draw } from '../world/draw.js';
import { FAULTS, hands, PAIR, planOf } from './faults.js';

const ids = FAULTS.map(({ id }) => id);
const FROM_TO = Array.from({ length: 21 }, (_, index) => `K${index + 1}`);

describe('the faults', () => {
  it('are all that a process chaos is to bring about', () => {
    expect(ids).toEqual([...FROM_TO, 'K31', 'K34', 'K35', 'K36', 'K39', 'K40']);
  });

  it('stand in docs/chaos.md, each with what it is', () => {
    const page = readFileSync('docs/chaos.md', 'utf8');
    for (const { id, what } of FAULTS) expect(page).toContain(`| ${id} | ${what} |`);
    expect(page).toContain(`| ${PAIR} | `);
  });

  it('can each be brought about, by a process, a place in it, or at the end', () => {
    for (const { id, plan } of FAULTS) {
      for (let n = 0; n < 20; n++) {
        const { what, target, arming, inject, last } = plan(new Draw(`${id}/${n}`));
        expect({ id, ways: [arming, inject, last].some((way) => way !== undefined), what: what.length > 0, target: target.length > 0 }).toEqual({ id, ways: true, what: true, target: true });
      }
    }
  });
});

describe('the plan of a run', () => {
  const told = (seed: string, faults: readonly string[]) => JSON.stringify(planOf(new Draw(seed), faults));

  it('is the same for the same seed and the same faults, and another for another seed', () => {
    const faults = ['K5', 'K8', 'K16', PAIR];
    expect(told('a', faults)).toBe(told('a', faults));
    const others = new Set(Array.from({ length: 20 }, (_, n) => told(`seed ${n}`, faults)));
    expect(others.size).toBe(20);
  });

  it('lets two faults begin at the same moment where it is told to', () => {
    const [first, second, third] = planOf(new Draw('a'), ['K5', 'K8', 'K16', PAIR]).map(({ atMs }) => atMs);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
    const alone = planOf(new Draw('a'), ['K5', 'K8', 'K16']).map(({ atMs }) => atMs);
    expect(new Set(alone).size).toBe(3);
  });

  it('deals every fault as often as any other, none twice to a run, and often two at once', () => {
    const dealt = hands(new Draw('a'), ids, 3);
    const runs = Array.from({ length: 90 }, () => dealt.next().value);
    const counts = ids.map((id) => runs.filter((hand) => hand.includes(id)).length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(9);
    expect(Math.max(...counts)).toBeLessThanOrEqual(11);
    expect(runs.every((hand) => new Set(hand).size === hand.length && hand.filter((id) => id !== PAIR).length === 3)).toBe(true);
    expect(runs.filter((hand) => hand.includes(PAIR)).length).toBeGreaterThan(25);
  });
});
