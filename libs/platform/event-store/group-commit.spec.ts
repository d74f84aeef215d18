import { newStream, proposed } from './event-store.contract.js';
import { NO_STREAM, StoreBusy } from './event-store.js';
import { type Append, GroupCommit } from './group-commit.js';

const append = (stream = newStream(), data = '{}'): Append => ({ stream, expected: NO_STREAM, facts: [proposed('', { data })], done: Promise.withResolvers() });

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a group commit', () => {
  let groups: (readonly Append[])[];
  let written: PromiseWithResolvers<void>;
  const commit = async (group: readonly Append[]) => {
    groups.push(group);
    await written.promise;
  };
  beforeEach(() => {
    groups = [];
    written = Promise.withResolvers();
  });
  const settled = (queue: GroupCommit) => {
    written.resolve();
    return queue.idle();
  };

  it('puts what waits into one group, a stream once', async () => {
    const queue = new GroupCommit(commit, 100);
    const [one, other] = [newStream(), newStream()];
    for (const stream of [one, other, one, newStream()]) queue.add(append(stream));
    await settled(queue);
    expect(groups.map((group) => group.length)).toEqual([3, 1]);
    expect(groups[1]![0]!.stream).toBe(one);
  });

  it('refuses more than may wait, says when to come back, and takes more once there is room', async () => {
    const queue = new GroupCommit(commit, 3);
    for (let count = 0; count < 3; count++) queue.add(append());
    expect(() => queue.add(append())).toThrow(StoreBusy);
    const refusal = thrownBy(() => queue.add(append()));
    expect(refusal).toMatchObject({ code: 'EVENT_STORE_BUSY', kind: 'unavailable' });
    expect((refusal as StoreBusy).details['retryAfterMs']).toBeGreaterThanOrEqual(100);
    await settled(queue);
    queue.add(append());
    await settled(queue);
    expect(groups.flat()).toHaveLength(4);
  });

  it('refuses more text than memory should hold, however few appends it is', async () => {
    const queue = new GroupCommit(commit, 1_000);
    const long = 'x'.repeat(2 ** 20);
    const fill = () => {
      for (let count = 0; count < 100; count++) queue.add(append(undefined, long));
    };
    expect(fill).toThrow(StoreBusy);
    await settled(queue);
    expect(groups.flat().length).toBeGreaterThan(50);
    expect(Math.max(...groups.map((group) => group.length))).toBeLessThanOrEqual(4);
  });

  it('writes one append that is larger than a group alone', async () => {
    const queue = new GroupCommit(commit, 10);
    queue.add(append(undefined, 'x'.repeat(5 * 2 ** 20)));
    queue.add(append());
    await settled(queue);
    expect(groups.map((group) => group.length)).toEqual([1, 1]);
  });
});
