import type { Surroundings } from './caller.js';
import { Caller, NEVER } from './caller.js';
import { Client } from './client.js';

/** Agents of every tenant: quick and slow ones, so that some replies are in the middle at any time, and some whose provider breaks off. */
const MODELS = [
  'sim-1-tokens-5-first-ms-5-ms-5',
  'sim-1-tokens-40-first-ms-20-ms-20',
  'sim-1-tokens-60-first-ms-20-ms-50',
  'sim-1-tokens-40-first-ms-20-ms-20',
  'sim-1-tokens-60-first-ms-20-ms-50',
  'sim-clean-close-at-9-times-1-tokens-30-ms-20',
  'sim-reset-at-9-times-1-tokens-30-ms-20',
  'sim-clean-close-at-9-tokens-30-ms-20',
];

export interface Hiring extends Surroundings {
  readonly seed: string;
  readonly clients: number;
  readonly pauseMs: number;
}

/** The people of a tenant: who opens it, and who is taken in. */
export async function hire(name: string, { seed, clients, pauseMs, ...around }: Hiring): Promise<Client[]> {
  const { history } = around;
  const owner = await Caller.register(`${name}c1`, around);
  const { tenant } = owner;
  const [sealed, open] = [`sealed${crypto.randomUUID().slice(0, 13)}`, `open${crypto.randomUUID().slice(0, 13)}`];
  history.write({ kind: 'tenant', tenant, sealed, open });

  const agents: string[] = [];
  for (const [index, model] of MODELS.entries()) {
    const input = { name: `${open} ${index}`, provider: 'simulator', model, instructions: `Say ${open}.` };
    const { answer } = await owner.insist('createAgent', `${name}-agent-${index}`, input, NEVER);
    agents.push(answer!['agentId'] as string);
  }
  const callers = [owner];
  while (callers.length < clients) callers.push(await owner.colleague(`${name}c${callers.length + 1}`));
  return callers.map((caller) => new Client(caller, { seed: `${seed}/${caller.name}`, agents, canary: sealed, history, pauseMs }));
}
