import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { DemoPerson } from '@parley/identity/write/identity-write.module.js';
import { Providers } from '@parley/inference/providers/providers.module.js';
import { idFrom } from '@parley/platform/cqrs/event-id.js';
import { demoFile, standaloneConfig } from '@parley/platform/standalone/standalone-config.js';

/** Someone to sign in as. */
export interface Demo {
  readonly email: string;
  readonly password: string;
  /** False when the data was made elsewhere, so that nobody here knows the password. */
  readonly isOurs: boolean;
}

const EMAIL = 'demo@parley.localhost';

/** Which model the demo agent talks to, by provider; PARLEY_DEMO_MODEL outweighs it, and names one for a server of your own. */
const MODELS: Readonly<Record<string, string>> = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', simulator: 'sim-1' };

/**
 * A tenant (slug `demo`), a person and an agent, on the first start; the same on every later one. The sign-in is kept in the data
 * folder (mode 0600), where the command line finds it.
 *
 * @param address of the gateway, whose public door makes the agent
 */
export async function ensureDemo(app: INestApplication, address: string, dataDir: string): Promise<Demo> {
  const { email, password } = signIn(dataDir);
  await app.get(DemoPerson, { strict: false }).ensure({ email, password, slug: 'demo', role: 'platform-admin' });
  const answer = await ask<{ signIn: { accessToken: string } }>(address, SIGN_IN, { input: { email, password } });
  if (!answer) return { email, password, isOurs: false };
  const [provider] = app.get(Providers, { strict: false }).list();
  const model = standaloneConfig.read().PARLEY_DEMO_MODEL ?? (provider && MODELS[provider]);
  if (provider && model) {
    const agentId = idFrom(`${provider}/${model}`, 'demo-agent'); // the same on every start; whatever became of it since stays
    await ask(address, CREATE_AGENT, { input: { ...AGENT, agentId, name: `Assistant (${provider})`, provider, model } }, answer.signIn.accessToken);
    keep(dataDir, { email, password, agentId });
  }
  return { email, password, isOurs: true };
}

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }';
const CREATE_AGENT = 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agentId } }';

const AGENT = { instructions: 'You are a helpful assistant. Answer briefly and plainly, and say so when you do not know.' };

function signIn(dataDir: string): { readonly email: string; readonly password: string } {
  const file = demoFile(dataDir);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as { email: string; password: string };
  const made = { email: EMAIL, password: randomBytes(12).toString('base64url') };
  keep(dataDir, made);
  return made;
}

function keep(dataDir: string, signIn: { readonly email: string; readonly password: string; readonly agentId?: string }): void {
  const file = demoFile(dataDir);
  writeFileSync(file, `${JSON.stringify(signIn)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** @returns undefined when it was refused */
async function ask<Data>(address: string, query: string, variables: object, accessToken?: string): Promise<Data | undefined> {
  const headers = { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) };
  const response = await fetch(`${address}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await response.json()) as { data?: Data | null; errors?: unknown };
  return errors ? undefined : (data ?? undefined);
}
