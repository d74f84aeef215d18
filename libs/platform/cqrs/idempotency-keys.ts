import { createHmac } from 'node:crypto';
import type { Command } from '@parley/kernel/command.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { canonicalJson } from '../personal-data/canonical-json.js';

/** How long a client's key is bound to what it was first used for. */
export const IDEMPOTENCY_KEY_LIFE_MS = 7 * 24 * 3_600_000;

/** A key was used for something else before: this is another request, not a repeat. */
export class IdempotencyKeyReused extends defineError(
  'IDEMPOTENCY_KEY_REUSED',
  'conflict',
  'The idempotency key was used before, for another request.',
  'Use a new key for a new request; send the same key only with the same input.',
) {}

/** A key as one client brought it, and what it brought it for. */
export interface KeyUse {
  readonly tenantId: string;
  readonly commandId: string;
  readonly actorId: string;
  /** HMAC-SHA-256 of what was asked, hexadecimal: it does not tell a short text. */
  readonly fingerprint: string;
  readonly now: Date;
}

/**
 * Which request each client's key stands for. Only a guard against reuse: whether a command has landed is known from the log.
 */
export abstract class IdempotencyKeys {
  /**
   * Binds the key to the request, if it is free or its time is over.
   *
   * @returns the fingerprint that it is bound to, now or from before
   */
  abstract bind(use: KeyUse): Promise<string>;

  /** Forgets the keys that an actor brought, e.g. when the person is erased. */
  abstract forget(actor: Pick<KeyUse, 'tenantId' | 'actorId'>): Promise<void>;

  /** Forgets keys whose time is over. @returns how many */
  abstract sweep(now: Date): Promise<number>;
}

/** A key that a client brought (others are ours: fresh, or derived from a fact). */
export const isClientKey = (commandId: string): boolean => commandId.startsWith('key:');

/** @param secret 32 bytes */
export const fingerprintOf = ({ type, data }: Command, secret: Buffer): string =>
  createHmac('sha256', secret).update(type).update('\n').update(canonicalJson(data)).digest('hex');
