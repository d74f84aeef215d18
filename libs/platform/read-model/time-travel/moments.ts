import { defineError } from '@parley/kernel/domain-error.js';
import { z } from 'zod';
import type { Clock } from '../../clock/clock.js';
import type { EventStore } from '../../event-store/event-store.js';

export class AsOfMalformed extends defineError(
  'AS_OF_MALFORMED',
  'invalid',
  'This is neither an instant nor a position of the log.',
  'Give an instant with its time zone, such as 2026-01-31T12:00:00.000Z, or a position, such as 4711.',
) {}

export class AsOfInFuture extends defineError('AS_OF_IN_FUTURE', 'invalid', 'This moment has not come yet.', 'Give an instant up to now, or a position that the log has reached.') {}

const instant = z.iso.datetime({ offset: true }).refine((text) => !Number.isNaN(Date.parse(text)));
const position = z.string().regex(/^(0|[1-9]\d{0,17})$/);

/**
 * The place in the log that a text names. An instant: the last fact that was recorded at or before it; it never cuts a command in
 * half. A position: exactly that far, which may be between two facts of one command.
 *
 * @throws AsOfMalformed, AsOfInFuture
 */
export async function positionNamed(text: string, store: Pick<EventStore, 'head' | 'positionAt'>, clock: Clock): Promise<bigint> {
  const named = text.trim();
  if (position.safeParse(named).success) {
    const at = BigInt(named);
    if (at > (await store.head())) throw new AsOfInFuture();
    return at;
  }
  if (!instant.safeParse(named).success) throw new AsOfMalformed();
  const at = new Date(named);
  if (at > clock.now()) throw new AsOfInFuture();
  return store.positionAt(at);
}
