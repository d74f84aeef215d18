import { liveChunksContract } from './live-chunks.contract.js';
import { MemoryLiveChunks } from './memory.live-chunks.js';

liveChunksContract('memory', async (options) => new MemoryLiveChunks(options));

describe('the memory of live chunks', () => {
  const keyOf = (replyId: string) => ({ tenantId: 'tenant', replyId });
  const text = 'x'.repeat(1_000);
  const sequences = async (live: MemoryLiveChunks, replyId: string) => (await live.kept(keyOf(replyId), 0)).map(({ sequence }) => sequence);

  it('is bounded: replies that have ended go first, then those that were quiet longest', async () => {
    const live = new MemoryLiveChunks({ maxBytes: 7_500 });
    for (const replyId of ['quiet', 'ended', 'busy']) await live.publish(keyOf(replyId), [{ attempt: 1, sequence: 0, text }]);
    await live.end(keyOf('ended'));
    await live.publish(keyOf('busy'), [{ attempt: 1, sequence: 1, text }]);
    expect([await sequences(live, 'quiet'), await sequences(live, 'ended'), await sequences(live, 'busy')]).toEqual([[0], [], [0, 1]]);
    await live.publish(keyOf('busy'), [{ attempt: 1, sequence: 2, text }]);
    expect([await sequences(live, 'quiet'), await sequences(live, 'busy')]).toEqual([[], [0, 1, 2]]);
    await live.close();
  });

  it('shows a reader by its sequence that chunks are missing', async () => {
    const live = new MemoryLiveChunks({ maxBytes: 6_500 });
    const chunks = [0, 1, 2, 3, 4].map((sequence) => ({ attempt: 1, sequence, text }));
    for (const chunk of chunks) await live.publish(keyOf('long'), [chunk]);
    expect(await sequences(live, 'long')).toEqual([4]);
    await live.close();
  });

  it('keeps nothing of readers that waited in vain', async () => {
    const live = new MemoryLiveChunks();
    const stop = new AbortController();
    const reading = Promise.all(Array.from({ length: 100 }, (_, index) => live.follow(keyOf(`never ${index}`), 0, stop.signal).next()));
    stop.abort();
    await reading;
    expect((live as unknown as { entries: Map<string, unknown> }).entries.size).toBe(0);
    await live.close();
  });
});
