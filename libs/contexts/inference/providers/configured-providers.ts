import { InvalidConfig, integer, defineConfig, secret, type Environment, type Secret } from '@parley/platform/config/config.js';
import { defineNamedConfig } from '@parley/platform/config/named-config.js';
import { z } from 'zod';
import { anthropicDialect } from './anthropic/anthropic.dialect.js';
import type { Dialect } from './dialect.js';
import { openaiDialect } from './openai/openai.dialect.js';
import { Providers, type Provider } from './provider.js';
import { withBreaker } from './with-breaker.js';
import { withDeadlines } from './with-deadlines.js';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

export const providersConfig = defineConfig({
  OPENAI_API_KEY: secret().optional().describe("key of OpenAI: adds the provider 'openai'"),
  ANTHROPIC_API_KEY: secret().optional().describe("key of Anthropic: adds the provider 'anthropic'"),
  PARLEY_SIMULATOR_URL: httpUrl.optional().describe("base URL of a provider simulator: adds the providers 'simulator' and 'simulator-anthropic'"),
  PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS: integer(1, 3_600_000).default(10_000).describe('longest wait for the first text or thought of a reply'),
  PARLEY_RUNTIME_BETWEEN_TOKENS_TIMEOUT_MS: integer(1, 3_600_000).default(15_000).describe('longest wait for the next text or thought of a reply'),
  PARLEY_PRICES_FILE: z.string().optional().describe('price file; default: data/prices.json'),
});

/** Any server that speaks OpenAI's chat completions. */
export const serversConfig = defineNamedConfig('PARLEY_PROVIDER', {
  URL: httpUrl.describe('base URL of an OpenAI-compatible server, e.g. http://127.0.0.1:11434/v1: adds the provider <name>, lower case, _ is -'),
  KEY: secret().optional().describe('its key, where it wants one'),
});

type Config = ReturnType<typeof providersConfig.read>;

/** The formats that have a dialect: from which variables each provider is made, and under which name it speaks with a simulator. */
const FORMATS: readonly Format[] = [
  {
    name: 'openai',
    configured: ({ OPENAI_API_KEY: key }) => key && openaiDialect({ name: 'openai', apiKey: key.reveal() }),
    simulated: { name: 'simulator', at: (name, url) => openaiDialect({ name, baseUrl: `${url}/v1` }) },
  },
  {
    name: 'anthropic',
    configured: ({ ANTHROPIC_API_KEY: key }) => key && anthropicDialect({ name: 'anthropic', apiKey: key.reveal() }),
    simulated: { name: 'simulator-anthropic', at: (name, url) => anthropicDialect({ name, baseUrl: url, apiKey: 'none' }) },
  },
];

interface Format {
  readonly name: string;
  readonly configured: (config: Config) => Dialect | undefined;
  readonly simulated: { readonly name: string; readonly at: (name: string, url: string) => Dialect };
}

/** Names that stand for something else. */
const TAKEN: readonly string[] = FORMATS.flatMap(({ name, simulated }) => [name, simulated.name]);

/** Those that the environment has keys and addresses for. */
export class ConfiguredProviders extends Providers {
  private readonly byName: ReadonlyMap<string, Provider>;

  constructor(providers: readonly Provider[]) {
    super();
    this.byName = new Map(providers.map((provider) => [provider.name, provider]));
  }

  get(name: string): Provider | undefined {
    return this.byName.get(name);
  }

  list(): readonly string[] {
    return [...this.byName.keys()];
  }
}

/**
 * @param simulatorUrl of a simulator that runs beside us; outweighs PARLEY_SIMULATOR_URL
 * @throws InvalidConfig
 */
export function configuredProviders(env?: Environment, simulatorUrl?: string): ConfiguredProviders {
  const config = providersConfig.read(env);
  const deadlines = { firstTokenMs: config.PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS, betweenTokensMs: config.PARLEY_RUNTIME_BETWEEN_TOKENS_TIMEOUT_MS };
  const dialects = [
    ...FORMATS.flatMap(({ configured }) => configured(config) ?? []),
    ...[...serversConfig.read(env)].map(([name, { URL, KEY }]) => serverDialect(name, URL, KEY)),
    ...simulatorDialects(simulatorUrl ?? config.PARLEY_SIMULATOR_URL),
  ];
  return new ConfiguredProviders(dialects.map((dialect) => withBreaker(withDeadlines(dialect, deadlines))));
}

/** Whether the environment names any provider: with none, a Parley on a laptop starts a simulator. */
export const hasProviders = (env?: Environment): boolean => configuredProviders(env).list().length > 0;

function serverDialect(name: string, url: string, key: Secret | undefined): Dialect {
  if (TAKEN.includes(name)) throw new InvalidConfig(`PARLEY_PROVIDER_${name.toUpperCase().replaceAll('-', '_')}_URL: the name ${name} is taken, give it another`);
  const { href, pathname } = new URL(url);
  const baseUrl = pathname === '/' ? `${href}v1` : href; // they all have it there, and people leave it out
  return openaiDialect({ name, baseUrl, ...(key && { apiKey: key.reveal() }) });
}

function simulatorDialects(url: string | undefined): readonly Dialect[] {
  if (url === undefined) return [];
  const base = url.replace(/\/+$/, '');
  return FORMATS.map(({ simulated }) => simulated.at(simulated.name, base));
}
