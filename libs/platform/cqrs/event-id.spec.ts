import { id } from '@parley/kernel/meta.js';
import { eventIdOf, idFrom } from './event-id.js';

describe('ids that follow from a command', () => {
  it('are UUIDs, the same each time', () => {
    expect(id.parse(eventIdOf('spec.a', 'key:1', 0))).toBe(eventIdOf('spec.a', 'key:1', 0));
    expect(id.parse(idFrom('key:1', 'reply'))).toBe(idFrom('key:1', 'reply'));
  });

  it('differ with the stream, the command, the index and the label', () => {
    const ids = [eventIdOf('spec.a', '1', 0), eventIdOf('spec.b', '1', 0), eventIdOf('spec.a', '2', 0), eventIdOf('spec.a', '1', 1), idFrom('1', 'reply'), idFrom('1', 'message'), idFrom('2', 'reply')];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
