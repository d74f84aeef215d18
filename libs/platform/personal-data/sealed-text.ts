import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { ERASED } from '@parley/kernel/personal.js';

const SCHEME = 'sealed:v1';
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const tag = { authTagLength: TAG_BYTES };

/** Whose text it is, and where it was first written. The seal holds there and nowhere else. */
export interface Sealed {
  readonly tenantId: string;
  readonly subjectId: string;
  readonly eventId: string;
  readonly field: string;
}

/** A token taken apart. */
export interface SealedText extends Sealed {
  /** nonce | ciphertext | tag; empty when the person was erased before it was written. */
  readonly bytes: Buffer;
}

/** Someone changed a sealed text, or moved it to another place, person or tenant. Or it is no token at all. */
export class SealBroken extends Error {
  constructor() {
    super('a sealed text was changed or moved');
    this.name = 'SealBroken';
  }
}

/**
 * Encrypts a text for one place. (AES-256-GCM, the place as additional data.)
 *
 * @param nonce 12 bytes, never twice with one key
 * @returns `sealed:v1:<field>:<subjectId>:<eventId>:<nonce|ciphertext|tag, base64url>`
 */
export function seal(text: string, where: Sealed, key: KeyObject, nonce: Buffer): string {
  const cipher = createCipheriv(ALGORITHM, key, nonce, tag).setAAD(placeOf(where));
  return token(where, Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]));
}

/** Stands where a text of an erased person would have been sealed: there is no key any more. */
export const sealedNothing = (where: Sealed): string => token(where, Buffer.alloc(0));

/** @throws SealBroken when it is not a token, to the letter */
export function parseSealed(text: string, tenantId: string): SealedText {
  const [sealed, version, field, subjectId, eventId, body, ...more] = text.split(':');
  if (`${sealed}:${version}` !== SCHEME || !isName(field) || !isName(subjectId) || !isName(eventId) || body === undefined || more.length > 0) throw new SealBroken();
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.toString('base64url') !== body) throw new SealBroken(); // the decoder passes over what it does not know
  if (bytes.length > 0 && bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealBroken();
  return { tenantId, field, subjectId, eventId, bytes };
}

/**
 * @param key undefined when the person has none: erased
 * @throws SealBroken
 */
export function unseal(sealed: SealedText, key: KeyObject | undefined): string {
  const { bytes } = sealed;
  if (!key || bytes.length === 0) return ERASED;
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), tag).setAAD(placeOf(sealed)).setAuthTag(bytes.subarray(-TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    throw new SealBroken();
  }
}

/** @throws Error when a name would not fit into a token */
function token({ field, subjectId, eventId }: Sealed, bytes: Buffer): string {
  if (!isName(field) || !isName(subjectId) || !isName(eventId)) throw new Error(`cannot seal ${field}: its event or person has no proper id`);
  return `${SCHEME}:${field}:${subjectId}:${eventId}:${bytes.toString('base64url')}`;
}

const placeOf = ({ tenantId, subjectId, eventId, field }: Sealed) => Buffer.from(`${tenantId}|${subjectId}|${eventId}|${field}`);

const isName = (part: string | undefined): part is string => part !== undefined && /^[\w.-]+$/.test(part);
