import { defineEvent } from '@parley/kernel/event.js';
import { personal } from '@parley/kernel/personal.js';
import { z } from 'zod';
import { eventIdOf } from '../cqrs/event-id.js';
import { NO_STREAM } from '../event-store/event-store.js';
import { commandSide } from '../testing/command-side.js';
import { another, personId, tenantId } from '../testing/meta.js';
import { factsSealedFor } from './sealed-facts.js';

const NoteMade = defineEvent('NoteMade', z.object({ by: z.string(), about: z.string(), text: personal(z.string().nullable()) }), { subject: 'by' });
const otherId = '0190a000-0000-7000-8000-0000000000aa';
const owner = { tenantId, subjectId: personId };

function side() {
  const { store, codec, keys } = commandSide();
  const note = async (data: { by: string; about: string; text: string | null }, meta = another()) => {
    const stream = `spec.notes-${meta.tenantId}.${crypto.randomUUID()}`;
    return store.append(stream, NO_STREAM, await codec.encode([NoteMade(data)], { NoteMade }, meta, [eventIdOf(stream, meta.commandId, 0)]));
  };
  return { store, keys, note, sealed: (before = 1_000_000n) => factsSealedFor(store, owner, before) };
}

describe('what a key seals', () => {
  it('is counted among all that is in the log, and nothing else', async () => {
    const { note, sealed } = side();
    await note({ by: personId, about: 'me', text: 'mine' });
    await note({ by: otherId, about: personId, text: 'not mine' });
    await note({ by: otherId, about: `sealed:v1:text:${personId}:x:`, text: 'looks like mine' });
    await note({ by: personId, about: 'no text', text: null });
    await note({ by: personId, about: 'another tenant', text: 'mine, there' }, { ...another(), tenantId: crypto.randomUUID() });
    expect((await sealed()).count).toBe(1);
  });

  it('is the same before and after the key is destroyed, though the system goes on saying things', async () => {
    const { keys, note, sealed } = side();
    await note({ by: personId, about: 'me', text: 'mine' });
    const before = await sealed();
    await keys.destroy(owner);
    await note({ by: personId, about: 'an end', text: 'lost' }, { ...another(), actor: { kind: 'system', id: 'spec', role: 'system' } });
    expect(await sealed()).toEqual(before);
  });

  it('ends before a position', async () => {
    const { note, sealed } = side();
    await note({ by: personId, about: 'first', text: 'mine' });
    const first = await sealed();
    const { position } = await note({ by: personId, about: 'second', text: 'mine, too' });
    expect(await sealed(position)).toEqual(first);
    expect((await sealed(position + 1n)).count).toBe(2);
  });

  it('is found beyond one page of the log', async () => {
    const { note, sealed } = side();
    for (let index = 0; index < 1_001; index++) await note({ by: index % 500 === 0 ? personId : otherId, about: 'me', text: null });
    await note({ by: personId, about: 'me', text: 'late' });
    expect((await sealed()).count).toBe(1);
  });
});
