import type { AddressInfo } from 'node:net';
import type { Event } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { CommandHandlingModule } from '../cqrs/command-handling.module.js';
import { eventIdOf } from '../cqrs/event-id.js';
import { ReactorsModule } from '../cqrs/reactors.module.js';
import { EventLogModule } from '../event-log/event-log.module.js';
import { EventStoreModule } from '../event-store/event-store.module.js';
import { EventStore, NO_STREAM } from '../event-store/event-store.js';
import { AccessTokens, type CallerIdentity } from '../graphql-kit/caller.js';
import { GraphqlKitModule } from '../graphql-kit/graphql-kit.module.js';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '../graphql-kit/prepare-gateway.js';
import { HealthModule } from '../health/health.module.js';
import { KeyStoreModule } from '../key-store/key-store.module.js';
import { MasterKey } from '../key-store/master-key.js';
import { Codec } from '../personal-data/codec.js';
import type { Definitions } from '../personal-data/fact-shape.js';
import { PersonalDataModule } from '../personal-data/personal-data.module.js';
import { PostgresModule } from '../postgres/postgres.module.js';
import type { SchemaPart } from '../postgres/schema.js';
import { ConsistencyTokens } from '../read-model/consistency.js';
import { TimeTravel } from '../read-model/time-travel/time-travel.js';
import { ReadModelModule } from '../read-model/read-model.module.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { capturedLog } from './captured-log.js';
import { masterKey, newDatabase } from './database.js';
import { meta as specMeta } from './meta.js';
import { type Answer, answerOf, tokenOf, ToyStrategy, ToyTokens } from './toy-gateway.js';

@Global()
@Module({ providers: [ToyStrategy, { provide: AccessTokens, useClass: ToyTokens }], exports: [AccessTokens] })
class SpecIdentityModule {}

const KEEPERS: readonly { readonly tables: readonly SchemaPart[] }[] = [KeyStoreModule, CommandHandlingModule, ReactorsModule, ReadModelModule];

/** A gateway with whole contexts behind it, on a real Postgres: a mutation goes all the way to the query that shows it. */
export class SpecGateway {
  private constructor(private readonly app: NestExpressApplication, private readonly url: string) {}

  /** @param contexts modules of the contexts, and what they keep outside the log */
  static async open(...contexts: readonly (Type | DynamicModule | (Type & { readonly tables: readonly SchemaPart[] }))[]): Promise<SpecGateway> {
    capturedLog();
    const tables = [...KEEPERS, ...contexts.filter((each) => 'tables' in each)].flatMap((each) => each.tables);
    const platform = [
      PostgresModule.forRoot({ ownerUrl: await newDatabase(), masterKey, tables }),
      KeyStoreModule.forRoot(new MasterKey(masterKey)),
      EventStoreModule.forRoot({ masterKey }),
      EventLogModule.forRoot(),
      GraphqlKitModule.forRoot({ readYourWrites: ConsistencyTokens, looksBack: TimeTravel }),
    ];
    const parts = [PersonalDataModule, CommandHandlingModule, ReactorsModule, ReadModelModule, TelemetryModule, HealthModule, SpecIdentityModule];
    const module = await Test.createTestingModule({ imports: [...platform, ...parts, ...contexts] }).compile();
    const app = module.createNestApplication<NestExpressApplication>({ ...GATEWAY_APP_OPTIONS, logger: false });
    prepareGateway(app);
    await app.listen(0, '127.0.0.1');
    return new SpecGateway(app, `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/graphql`);
  }

  /** What this caller asks. */
  as(caller: CallerIdentity) {
    return async (query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> => {
      const all = { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(caller)}`, ...headers };
      return answerOf(await fetch(this.url, { method: 'POST', body: JSON.stringify({ query, variables }), headers: all }));
    };
  }

  /** A part of the application. */
  get<Part>(token: abstract new (...all: never[]) => Part): Part {
    return this.app.get<Part>(token, { strict: false });
  }

  /** Facts that come from a context which is not here. */
  async record(stream: string, events: readonly Event[], definitions: Definitions, meta: Meta = specMeta): Promise<void> {
    const [store, codec] = [this.app.get(EventStore), this.app.get(Codec)];
    const commandId = crypto.randomUUID();
    const ids = events.map((_, index) => eventIdOf(stream, commandId, index));
    const [last] = await store.readBackwards(stream, { limit: 1 });
    await store.append(stream, last?.revision ?? NO_STREAM, await codec.encode(events, definitions, { ...meta, commandId }, ids));
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
