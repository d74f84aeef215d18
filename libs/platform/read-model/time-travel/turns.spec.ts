import { TimeTravelBusy, Turns } from './turns.js';

it('a few look back at a time, the others wait in turn, and a long line is refused', async () => {
  const turns = new Turns(2);
  const gate = Promise.withResolvers<void>();
  let [running, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
  };
  const all = Array.from({ length: 34 }, () => turns.take(work));
  await expect(turns.take(work)).rejects.toThrow(TimeTravelBusy);
  gate.resolve();
  await Promise.all(all);
  expect([most, running]).toEqual([2, 0]);
  await turns.take(() => Promise.resolve());
});
