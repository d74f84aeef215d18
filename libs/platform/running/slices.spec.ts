import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Slices, urgently } from './slices.js';

const busyFor = (ms: number) => {
  for (const until = performance.now() + ms; performance.now() < until; );
};

/** Works on as many items, a tenth of a millisecond each. @returns how long it took */
async function working(slices: Slices, count: number): Promise<number> {
  const start = performance.now();
  for await (const some of slices.of(Array.from({ length: count }, (_, index) => index))) busyFor(some.length / 10);
  return performance.now() - start;
}

describe('work in slices', () => {
  it('comes upon each item once, in order', async () => {
    const seen: number[] = [];
    for await (const some of new Slices().of(Array.from({ length: 100 }, (_, index) => index))) seen.push(...some);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('leaves others of the process a turn every few milliseconds, however many work so', async () => {
    let isOver = false;
    let turns = 0;
    const all = Promise.all([working(new Slices(), 1_000), working(new Slices(), 1_000)]).finally(() => (isOver = true));
    for (; !isOver; turns++) await nextTurn();
    await all;
    expect(turns).toBeGreaterThan(40); // of 200 ms
  });

  it('gives way to what is urgent when it is asked to, and goes on as soon as that is done', async () => {
    const polite = new Slices({ givesWay: true });
    await delay(40); // it has not waited for long: it may
    const order: string[] = [];
    const urgent = urgently(() => delay(15).then(() => order.push('urgent')));
    await Promise.all([urgent, new Slices().breathe().then(() => order.push('others')), polite.breathe().then(() => order.push('polite'))]);
    expect(order).toEqual(['others', 'urgent', 'polite']);
  });

  it('gives way for a part of its time only: it comes to its end beside people who never rest', async () => {
    let isOver = false;
    const people = (async () => {
      while (!isOver) await urgently(() => Promise.all([delay(20), urgently(() => delay(10))]));
    })();
    const endless = urgently(async () => {
      while (!isOver) await delay(5);
    });
    const took = await working(new Slices({ givesWay: true }), 2_000);
    isOver = true;
    await Promise.all([people, endless]);
    expect(took).toBeGreaterThan(250); // of 200 ms of work
    expect(took).toBeLessThan(2_000);
  });

  it('goes on when what was urgent has failed', async () => {
    await expect(urgently(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    const start = performance.now();
    const polite = new Slices({ givesWay: true });
    await delay(20);
    await polite.breathe();
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
