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
  /** nonce | ciphertext | tag, base64url; empty when the person was erased before it was written. */
  readonly body: string;
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

const TOKEN = /^sealed:v1:([\w.-]+):([\w.-]+):([\w.-]+):([\w-]*)$/;
const SHORTEST = Math.ceil(((NONCE_BYTES + TAG_BYTES) * 4) / 3);
/** The letters that an encoder ends with, by how many stand in the last, broken group of four: the bits that say nothing are 0. */
const LAST: readonly (string | undefined)[] = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'];

/** @throws SealBroken when it is not a token, to the letter */
export function parseSealed(text: string, tenantId: string): SealedText {
  const [, field, subjectId, eventId, body] = TOKEN.exec(text) ?? [];
  if (body === undefined || (body !== '' && body.length < SHORTEST)) throw new SealBroken();
  if (LAST[body.length % 4]?.includes(body.at(-1)!) === false) throw new SealBroken();
  return { tenantId, field: field!, subjectId: subjectId!, eventId: eventId!, body };
}

/**
 * @param key undefined when the person has none: erased
 * @throws SealBroken
 */
export function unseal(sealed: SealedText, key: KeyObject | undefined): string {
  if (!key || sealed.body === '') return ERASED;
  const bytes = Buffer.from(sealed.body, 'base64url');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), tag).setAAD(placeOf(sealed)).setAuthTag(bytes.subarray(-TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    throw new SealBroken();
  }
}

/** @throws Error when a name would not fit into a token */
function token({ field, subjectId, eventId }: Sealed, bytes: Buffer): string {
  if (![field, subjectId, eventId].every((part) => NAME.test(part))) throw new Error(`cannot seal ${field}: its event or person has no proper id`);
  return `${SCHEME}:${field}:${subjectId}:${eventId}:${bytes.toString('base64url')}`;
}

const placeOf = ({ tenantId, subjectId, eventId, field }: Sealed) => Buffer.from(`${tenantId}|${subjectId}|${eventId}|${field}`);

const NAME = /^[\w.-]+$/;
