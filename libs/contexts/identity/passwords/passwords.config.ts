import { defineConfig, integer } from '@parley/platform/config/config.js';
import type { PasswordCost } from './passwords.js';

const passwordsConfig = defineConfig({
  PARLEY_PASSWORD_MEMORY_KIB: integer(19_456, 4_194_304).default(19_456).describe('memory of one password hash, in KiB'),
  PARLEY_PASSWORD_PASSES: integer(2, 100).default(2).describe('passes over that memory'),
});

/** What a password hash costs from now on. Raising it rehashes each password at its next sign-in. */
export function passwordCost(): PasswordCost {
  const { PARLEY_PASSWORD_MEMORY_KIB: memoryKiB, PARLEY_PASSWORD_PASSES: passes } = passwordsConfig.read();
  return { memoryKiB, passes };
}
