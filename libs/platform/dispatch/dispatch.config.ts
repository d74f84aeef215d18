import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { defineConfig, InvalidConfig, integer } from '../config/config.js';

const file = () => z.string().min(1).optional();

export const dispatchConfig = defineConfig({
  PARLEY_COMMAND_URL: z
    .string()
    .regex(/^(dns:\/\/\/?|ipv4:|ipv6:|unix:)\S+$/, 'must be a gRPC name such as dns:///command:4000 or ipv4:127.0.0.1:4000,127.0.0.1:4001')
    .default('ipv4:127.0.0.1:4000')
    .describe('where the command side is: a gRPC name, which may stand for several addresses'),
  PARLEY_COMMAND_HOST: z.string().min(1).default('127.0.0.1').describe('address that the command side listens on'),
  PARLEY_COMMAND_PORT: integer(0, 65_535).default(4000).describe('port that the command side listens on; 0: any free one'),
  PARLEY_COMMAND_DEADLINE_MS: integer(100, 600_000).default(5_000).describe('longest wait for one answer of the command side'),
  PARLEY_COMMAND_PATIENCE_MS: integer(0, 600_000).default(10_000).describe('for how long a command whose outcome is open is sent again, with the same ids'),
  PARLEY_COMMAND_TLS_CA_FILE: file().describe('certificate (PEM) of the authority that both sides of the command door are known by; with the next two, mutual TLS'),
  PARLEY_COMMAND_TLS_CERT_FILE: file().describe('certificate (PEM) of this process for the command door'),
  PARLEY_COMMAND_TLS_KEY_FILE: file().describe('its private key (PEM)'),
});

export type DispatchSettings = ReturnType<typeof dispatchConfig.read>;

/** What mutual TLS needs. */
export interface Certificates {
  readonly authority: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** @returns undefined when there is to be no TLS. @throws InvalidConfig when only some of the three are there, or one cannot be read */
export function certificatesOf(settings: DispatchSettings): Certificates | undefined {
  const names = ['PARLEY_COMMAND_TLS_CA_FILE', 'PARLEY_COMMAND_TLS_CERT_FILE', 'PARLEY_COMMAND_TLS_KEY_FILE'] as const;
  const missing = names.filter((name) => settings[name] === undefined);
  if (missing.length === names.length) return undefined;
  if (missing.length > 0) throw new InvalidConfig(`${missing.join(', ')}: mutual TLS needs all three of ${names.join(', ')}`);
  const [authority, certificate, key] = names.map((name) => read(name, settings[name]!));
  return { authority: authority!, certificate: certificate!, key: key! };
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidConfig(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
