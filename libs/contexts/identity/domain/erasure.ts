import { defineDecider } from '@parley/kernel/decider.js';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Actor } from '@parley/kernel/meta.js';
import { ConfirmErasure, type ErasureCommand, RequestErasure } from './erasure.commands.js';
import { type ErasureEvent, ErasureRequested, PersonErased } from './erasure.events.js';

export class ErasureNotAllowed extends defineError(
  'IDENTITY_ERASURE_NOT_ALLOWED',
  'forbidden',
  'You may erase yourself, and nobody else.',
  'Ask an owner of the tenant.',
) {}

export class ErasureNotConfirmed extends defineError(
  'IDENTITY_ERASURE_NOT_CONFIRMED',
  'invalid',
  'The confirmation is neither the id nor the e-mail address of the person.',
  'Erasing cannot be undone: repeat the id or the e-mail address of the person, to say that you mean it.',
) {}

export class NobodyToErase extends defineError(
  'IDENTITY_NOBODY_TO_ERASE',
  'not-found',
  'There is no such person in your tenant.',
  'Check the id of the person.',
) {}

export class ErasureNotRequested extends defineError(
  'IDENTITY_ERASURE_NOT_REQUESTED',
  'conflict',
  'Nobody asked for this person to be erased.',
  'Ask for it first.',
) {}

export type Erasure =
  | { readonly status: 'none' }
  | { readonly status: 'requested'; readonly requestedBy: string; readonly requestedAt: string }
  | { readonly status: 'erased' };

/** Erasing is a permission of its own: administrators manage people, but only an owner, or a person themself, ends them. */
export const mayErase = ({ id, role }: Actor, personId: string): boolean => id === personId || role === 'tenant-owner' || role === 'platform-admin' || role === 'system';

/** The end of one person: asked for, then done. There is no way back from either. */
export const erasure = defineDecider<Erasure, ErasureCommand, ErasureEvent>({
  category: 'identity.erasure',
  commands: { RequestErasure, ConfirmErasure },
  events: { ErasureRequested, PersonErased },
  id: (command) => command.data.personId,

  initialState: { status: 'none' },

  decide: {
    RequestErasure({ data: { personId }, meta }, state) {
      if (!mayErase(meta.actor, personId)) throw new ErasureNotAllowed();
      if (state.status !== 'none') return [];
      return [ErasureRequested({ personId, requestedBy: meta.actor.id, requestedAt: meta.now })];
    },

    ConfirmErasure({ data, meta }, state) {
      if (state.status === 'none') throw new ErasureNotRequested();
      if (state.status === 'erased') return [];
      const { requestedBy, requestedAt } = state;
      return [PersonErased({ ...data, requestedBy, requestedAt, erasedAt: meta.now })];
    },
  },

  evolve: {
    ErasureRequested: (_, { data: { requestedBy, requestedAt } }) => ({ status: 'requested', requestedBy, requestedAt }),
    PersonErased: () => ({ status: 'erased' }),
  },
});
