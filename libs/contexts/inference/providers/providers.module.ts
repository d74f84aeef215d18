import { type DynamicModule, Module } from '@nestjs/common';
import { configuredProviders, hasProviders, providersConfig } from './configured-providers.js';
import { PriceList, readPriceList } from './price-list.js';
import { Providers } from './provider.js';

export { Providers };

/** The model providers that the environment names, and what they cost. */
@Module({})
export class ProvidersModule {
  /** Whether the environment names any provider: with none, a Parley on a laptop starts a simulator and gives its URL. */
  static readonly isConfigured = hasProviders;

  /** The same outside Nest, for the command line. @throws InvalidConfig */
  static readonly configured = (): Providers => configuredProviders();

  /** @param options.simulatorUrl of a provider simulator; default PARLEY_SIMULATOR_URL */
  static forRoot(options: { readonly simulatorUrl?: string } = {}): DynamicModule {
    return {
      module: ProvidersModule,
      global: true,
      providers: [
        { provide: Providers, useFactory: () => configuredProviders(undefined, options.simulatorUrl) },
        { provide: PriceList, useFactory: () => readPriceList(providersConfig.read().PARLEY_PRICES_FILE) },
      ],
      exports: [Providers, PriceList],
    };
  }
}
