import { defineError } from '@parley/kernel/domain-error.js';
import { dictionary } from '@zxcvbn-ts/language-common';

/** Shortest password, in characters as people count them (code points). */
export const MIN_PASSWORD_LENGTH = 8;

/** Longest password, in UTF-16 code units: only so that nobody makes us hash megabytes. All of it counts; nothing is cut off. */
export const MAX_PASSWORD_LENGTH = 1_024;

export class PasswordTooShort extends defineError(
  'IDENTITY_PASSWORD_TOO_SHORT',
  'invalid',
  'The password is too short.',
  `Use at least ${MIN_PASSWORD_LENGTH} characters; a sentence is easy to remember. Any character may be used.`,
) {}

export class PasswordTooCommon extends defineError(
  'IDENTITY_PASSWORD_TOO_COMMON',
  'invalid',
  'The password is one of those that are tried first.',
  'Use one that nobody else would think of, such as four words drawn by chance.',
) {}

/** As people type it, whatever their keyboard: the same letters are the same bytes (NIST SP 800-63B, 3.1.1.2). */
export const normalised = (password: string): string => password.normalize('NFKC');

/** Some 18,000 leaked passwords that are long enough to be thought good, in lower case. */
const common = new Set(dictionary['passwords-common'].filter((each) => each.length >= MIN_PASSWORD_LENGTH).map((each) => each.toLowerCase()));

/**
 * No rules of composition: length, and not being a first guess, is what counts (OWASP ASVS 6.2).
 *
 * @throws PasswordTooShort, PasswordTooCommon (also when it is the e-mail address, or its first part)
 */
export function checkPassword(password: string, email: string): void {
  const said = normalised(password);
  const length = [...said].length;
  if (length < MIN_PASSWORD_LENGTH) throw new PasswordTooShort({ minLength: MIN_PASSWORD_LENGTH });
  const lower = said.toLowerCase();
  const isOneCharacter = new Set(lower).size === 1;
  if (isOneCharacter || common.has(lower) || lower === email || lower === email.split('@')[0]) throw new PasswordTooCommon();
}
