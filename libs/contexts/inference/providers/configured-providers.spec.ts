import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { InvalidConfig } from '@parley/platform/config/config.js';
import { startProviderSimulator, type ProviderSimulator } from '../../../../apps/provider-simulator/start-simulator.js';
import { configuredProviders, hasProviders } from './configured-providers.js';
import { PriceList, readPriceList } from './price-list.js';
import { Providers, type ProviderRequest } from './provider.js';
import { ProvidersModule } from './providers.module.js';

let simulator: ProviderSimulator;
beforeAll(async () => {
  simulator = await startProviderSimulator({ recordCalls: true });
});
afterAll(() => simulator.close());

const request: ProviderRequest = { model: 'sim-1', system: null, messages: [{ role: 'user', text: 'Hello' }], temperature: null, maxOutputTokens: null };

async function say(providers: Providers, name: string): Promise<string> {
  let text = '';
  for await (const event of providers.get(name)!.stream(request, new AbortController().signal)) if (event.type === 'text') text += event.text;
  return text;
}

describe('the providers', () => {
  it('are those that the environment has keys and addresses for', () => {
    const env = { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', PARLEY_PROVIDER_MY_LLAMA_URL: 'http://127.0.0.1:8080/v1', PARLEY_SIMULATOR_URL: 'http://127.0.0.1:4010' };
    const providers = configuredProviders(env);
    expect(providers.list()).toEqual(['openai', 'anthropic', 'my-llama', 'simulator', 'simulator-anthropic']);
    for (const name of providers.list()) expect(providers.get(name)?.name).toBe(name);
    expect(providers.get('nobody')).toBeUndefined();
  });

  it('are none by themselves', () => {
    expect(hasProviders({})).toBe(false);
    expect(hasProviders({ PARLEY_PROVIDER_OLLAMA_URL: 'http://127.0.0.1:11434/v1' })).toBe(true);
  });

  it('are found at their addresses, with or without what every one of them ends with', async () => {
    const providers = configuredProviders({ PARLEY_PROVIDER_A_URL: simulator.url, PARLEY_PROVIDER_B_URL: `${simulator.url}/v1/`, PARLEY_SIMULATOR_URL: `${simulator.url}/` });
    for (const name of ['a', 'b', 'simulator', 'simulator-anthropic']) expect(await say(providers, name)).toContain('You said: "Hello"');
  });

  it('have the deadlines of the environment', async () => {
    const hasty = configuredProviders({ PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS: '100' }, simulator.url);
    const stream = hasty.get('simulator')!.stream({ ...request, model: 'sim-hang' }, new AbortController().signal);
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'provider-timeout' });
  });

  it('stop the start when a setting is wrong, or takes the name of another', () => {
    expect(() => configuredProviders({ PARLEY_PROVIDER_OPENAI_URL: 'http://127.0.0.1/v1' })).toThrow('PARLEY_PROVIDER_OPENAI_URL: the name openai is taken');
    expect(() => configuredProviders({ PARLEY_PROVIDER_X_URL: 'ftp://127.0.0.1' })).toThrow('PARLEY_PROVIDER_X_URL: must be an http or https URL');
    expect(() => configuredProviders({ PARLEY_PROVIDER_X_KEY: 'hush' })).toThrow(InvalidConfig);
    expect(() => configuredProviders({ PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS: '0' })).toThrow('PARLEY_RUNTIME_FIRST_TOKEN_TIMEOUT_MS');
  });

  it('come with what they cost, by their module', async () => {
    const app = await Test.createTestingModule({ imports: [ProvidersModule.forRoot({ simulatorUrl: simulator.url })] }).compile();
    expect(await say(app.get(Providers), 'simulator-anthropic')).toContain('provider simulator');
    const usage = { inputTokens: 1_000, cachedInputTokens: 100, outputTokens: 10, reasoningTokens: 1, estimated: false };
    expect(app.get(PriceList).costOf('simulator', 'sim-1', '2026-01-01T00:00:00.000Z', usage)).toEqual({ costMicroUsd: 1_052, priceVersion: 'simulator/*@2024-01-01' });
  });
});

describe('the price file', () => {
  it('has the prices of its days', () => {
    const { prices } = readPriceList();
    expect(prices.length).toBeGreaterThan(20);
    const million = { inputTokens: 1_000_000, cachedInputTokens: 0, outputTokens: 1_000_000, reasoningTokens: 0, estimated: false };
    const list = new PriceList(prices);
    expect(list.costOf('openai', 'o3', '2025-06-09T00:00:00.000Z', million)).toEqual({ costMicroUsd: 50_000_000, priceVersion: 'openai/o3@2025-04-16' });
    expect(list.costOf('openai', 'o3', '2025-06-10T00:00:00.000Z', million)).toEqual({ costMicroUsd: 10_000_000, priceVersion: 'openai/o3@2025-06-10' });
  });

  it('makes what it does not name cost nothing, and says that no price did', () => {
    expect(readPriceList().costOf('my-llama', 'any', '2026-01-01T00:00:00.000Z', { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0, estimated: false })).toEqual({
      costMicroUsd: 0,
      priceVersion: null,
    });
  });

  it('stops the start when it is missing or wrong, and is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-prices-'));
    writeFileSync(join(folder, 'wrong.json'), '{"prices":[{"provider":"x"}]}');
    for (const path of [join(folder, 'wrong.json'), join(folder, 'missing.json')]) {
      expect(() => readPriceList(path)).toThrow(InvalidConfig);
      expect(() => readPriceList(path)).toThrow(`PARLEY_PRICES_FILE: ${path}`);
    }
  });
});
