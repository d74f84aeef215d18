import { Progress } from './progress.js';

describe('how far a reactor is', () => {
  it('is where the last one was before the first that is not done', () => {
    const progress = new Progress(7n);
    for (const position of [20n, 35n, 50n]) progress.begin(position);
    expect(progress.position).toBe(7n); // a place where something is: 19 may be none
    progress.done(35n);
    expect(progress.position).toBe(7n);
    progress.done(20n);
    expect(progress.position).toBe(35n);
    progress.pass(60n);
    expect([progress.taken, progress.position]).toEqual([60n, 35n]);
    progress.done(50n);
    expect(progress.position).toBe(60n);
  });

  it('goes on from what was passed before one began', () => {
    const progress = new Progress(0n);
    progress.pass(12n);
    progress.begin(30n);
    expect(progress.position).toBe(12n);
  });
});
