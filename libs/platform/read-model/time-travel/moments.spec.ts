import { ManualClock } from '../../clock/clock.js';
import { newStream, proposed } from '../../event-store/event-store.contract.js';
import { NO_STREAM } from '../../event-store/event-store.js';
import { MemoryEventStore } from '../../event-store/memory.event-store.js';
import { AsOfInFuture, AsOfMalformed, positionNamed } from './moments.js';

let store: MemoryEventStore;
beforeEach(() => (store = new MemoryEventStore()));

const append = (count: number) => store.append(newStream(), NO_STREAM, Array.from({ length: count }, () => proposed()));

describe('a moment', () => {
  const clock = new ManualClock(new Date(Date.now() + 60_000));

  it('is a position, exactly, or an instant: the last fact that was recorded by then', async () => {
    await append(2);
    const { recordedAt } = (await store.readAll(0n, 1))[0]!;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await append(1);
    expect(await positionNamed('1', store, clock)).toBe(1n);
    expect(await positionNamed(' 0 ', store, clock)).toBe(0n);
    expect(await positionNamed(recordedAt.toISOString(), store, clock)).toBe(2n);
    expect(await positionNamed(new Date(recordedAt.getTime() + 1).toISOString(), store, clock)).toBe(2n); // between two facts
    expect(await positionNamed('2001-01-01T00:00:00+02:00', store, clock)).toBe(0n); // before all facts
    expect(await positionNamed(new Date(clock.now()).toISOString(), store, clock)).toBe(3n);
  });

  it.each(['', 'yesterday', '-1', '1.5', '01', '0x10', '1e3', '9'.repeat(19), '2026-01-31', '2026-01-31T12:00:00', '2026-13-31T12:00:00Z', '2026-01-31T25:00:00Z', "' or true --", '\u0000'])(
    'is not %j',
    (text) => expect(positionNamed(text, store, clock)).rejects.toThrow(AsOfMalformed),
  );

  it('has come: neither an instant of the future nor a position that the log has not reached', async () => {
    await append(1);
    await expect(positionNamed('2', store, clock)).rejects.toThrow(AsOfInFuture);
    await expect(positionNamed(new Date(clock.now().getTime() + 1).toISOString(), store, clock)).rejects.toThrow(AsOfInFuture);
  });
});
