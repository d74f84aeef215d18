import { defineCommand } from '@parley/kernel/command.js';
import { id } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { sealedFacts } from './erasure.events.js';

/**
 * Erases a person of the tenant, for good: asks for it, and sees it through. `confirmation` repeats the person's id, or their e-mail
 * address. Idempotent per person. Owners may, and everybody for themselves.
 */
export class ErasePerson extends defineCommand('ErasePerson', z.object({ personId: id, confirmation: z.string().max(1_000) })) {}

/** Follows from `ErasePerson`, once it was confirmed. */
export class RequestErasure extends defineCommand('RequestErasure', z.object({ personId: id })) {}

/** Sees an erasure through that was asked for, wherever it was left. Idempotent. */
export class FinishErasure extends defineCommand('FinishErasure', z.object({ personId: id })) {}

/** Erases a person once more, whom a log that was set back knows nothing of: their confirmation was given then. Idempotent. */
export class RepeatErasure extends defineCommand('RepeatErasure', z.object({ personId: id })) {}

/** Follows when the key is destroyed and nobody can sign in as the person any more. */
export class ConfirmErasure extends defineCommand('ConfirmErasure', z.object({ personId: id, sealed: sealedFacts })) {}

export type ErasureCommand = RequestErasure | ConfirmErasure;
