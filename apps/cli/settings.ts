import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { demoFile, standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import { defineConfig } from '@parley/platform/config/config.js';
import { z } from 'zod';

const cliConfig = defineConfig({
  PARLEY_URL: z.url().optional().describe('server that the command line talks to; default: the local one, by PARLEY_GATEWAY_PORT'),
  XDG_CONFIG_HOME: z.string().optional().describe('where the command line keeps its sign-ins; default ~/.config'),
});

export interface SignIn {
  readonly email: string;
  readonly password: string;
  /** The agent that a local Parley made for its demo person. */
  readonly agentId?: string;
}

/** Tokens of a signed-in person, as kept between two calls. */
export interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly email: string;
}

/** The server's address, without a slash at its end. */
export function serverUrl(): string {
  const { PARLEY_URL } = cliConfig.read();
  return (PARLEY_URL ?? `http://127.0.0.1:${standaloneConfig.read().PARLEY_GATEWAY_PORT}`).replace(/\/+$/, '');
}

/** The sign-in of the demo person that a local Parley wrote into its data folder. */
export function demoSignIn(): SignIn | undefined {
  return readJson<SignIn>(demoFile(standaloneConfig.read().PARLEY_DATA_DIR));
}

export const savedSession = (): Session | undefined => readJson<Record<string, Session>>(sessionsFile())?.[serverUrl()];

/** Keeps a session for this server, readable by its owner alone. */
export function saveSession(session: Session | undefined): void {
  const file = sessionsFile();
  const others = Object.entries(readJson<Record<string, Session>>(file) ?? {}).filter(([server]) => server !== serverUrl());
  const kept = Object.fromEntries(session ? [...others, [serverUrl(), session]] : others);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

const sessionsFile = () => join(cliConfig.read().XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'parley', 'sessions.json');

function readJson<Shape>(file: string): Shape | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Shape;
  } catch {
    return undefined; // not there, not ours to read, or cut off: as if nobody had signed in
  }
}
