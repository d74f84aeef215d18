import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { defineCommand } from '@parley/kernel/command.js';
import { defineDecider } from '@parley/kernel/decider.js';
import { defineEvent, type EventOf } from '@parley/kernel/event.js';
import { personal } from '@parley/kernel/personal.js';
import { defineReactor } from '@parley/kernel/reactor.js';
import { z } from 'zod';
import { EventLog } from '../event-log/event-log.js';
import { StoreEventLog } from '../event-log/store.event-log.js';
import { EventStore } from '../event-store/event-store.js';
import { PostgresEventStore } from '../event-store/postgres.event-store.js';
import { KeyStoreModule } from '../key-store/key-store.module.js';
import { MasterKey } from '../key-store/master-key.js';
import { PersonalDataModule } from '../personal-data/personal-data.module.js';
import { Databases } from '../postgres/databases.js';
import { masterKey, specDatabases } from '../testing/database.js';
import { another, meta, personId } from '../testing/meta.js';
import { CommandHandlingModule } from './command-handling.module.js';
import { CommandSender } from './command-sender.js';
import { handlersFor } from './handlers-for.js';
import { reactorsFor } from './reactor-runner.js';
import { ReactionsControl } from './reactions-control.js';
import { ReactorsModule } from './reactors.module.js';

const Called = defineEvent('Called', z.object({ caller: z.string(), word: personal(z.string()) }), { subject: 'caller' });
const Echoed = defineEvent('Echoed', z.object({ caller: z.string(), word: personal(z.string()) }), { subject: 'caller' });
class Call extends defineCommand('Call', z.object({ valley: z.string(), word: z.string() })) {}
class Echo extends defineCommand('Echo', z.object({ valley: z.string(), word: z.string() })) {}

const valley = defineDecider<null, Call | Echo, EventOf<typeof Called | typeof Echoed>>({
  category: 'spec.valley',
  commands: { Call, Echo },
  events: { Called, Echoed },
  id: ({ data }) => data.valley,
  initialState: null,
  decide: {
    Call: ({ data }) => [Called({ caller: personId, word: data.word })],
    Echo: ({ data }) => [Echoed({ caller: personId, word: data.word })],
  },
  evolve: { Called: () => null, Echoed: () => null },
});

const echo = defineReactor<EventOf<typeof Called>>({
  name: 'spec.echo',
  events: { Called },
  on: { Called: ({ data, stream }, by) => [new Echo({ valley: stream.split('.').at(-1)!, word: data.word }, by())] },
});

/** What the command side stands on. */
@Module({})
class Below {}

let databases: Databases;
let store: PostgresEventStore;
let app: TestingModule | undefined;
beforeAll(async () => {
  databases = await specDatabases([...KeyStoreModule.tables, ...CommandHandlingModule.tables, ...ReactorsModule.tables]);
  store = await PostgresEventStore.open(databases);

  const providers = [
    { provide: Databases, useValue: databases },
    { provide: EventStore, useValue: store },
    { provide: EventLog, useValue: new StoreEventLog(store) },
  ];
  const below = { module: Below, global: true, providers, exports: [Databases, EventStore, EventLog] };
  const imports = [below, KeyStoreModule.forRoot(new MasterKey(masterKey)), PersonalDataModule, CommandHandlingModule, ReactorsModule];
  app = await Test.createTestingModule({ imports, providers: [...handlersFor(valley), reactorsFor('spec', [echo])] }).compile();
  await app.init();
});
afterAll(async () => {
  await app?.close();
  await store.close();
  await databases.close();
});

const read = (name: string) => store.read(`spec.valley-${meta.tenantId}.${name}`, { limit: 10 });

describe('the command side on Postgres', () => {
  it('takes a command by its class, stores the fact sealed, and reacts to it', async () => {
    const receipt = await app!.get(CommandSender).send(new Call({ valley: 'eiger', word: 'canary-4711' }, another()));
    expect(receipt).toMatchObject({ revision: 0n, repeated: false });
    while ((await read('eiger')).length < 2) await store.news();
    const facts = await read('eiger');
    expect(facts.map(({ type }) => type)).toEqual(['Called', 'Echoed']);
    expect(JSON.stringify(facts, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each))).not.toContain('canary');
  });

  it('keeps a key from two requests, across the database', async () => {
    const by = { ...another(), commandId: `key:${personId}:once` };
    const sender = app!.get(CommandSender);
    const first = await sender.send(new Call({ valley: 'jungfrau', word: 'hello' }, by));
    expect(await sender.send(new Call({ valley: 'jungfrau', word: 'hello' }, by))).toEqual({ ...first, repeated: true });
    await expect(sender.send(new Call({ valley: 'moench', word: 'hello' }, by))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const { rows } = await databases.writer.query<{ text: string }>('select k::text as text from cqrs.idempotency_keys k');
    expect(JSON.stringify(rows)).not.toContain('hello');
  });

  it('reacts within milliseconds', async () => {
    const took: number[] = [];
    for (let round = 0; round < 50; round++) {
      const news = `${round}`;
      await app!.get(CommandSender).send(new Call({ valley: `quick-${news}`, word: news }, another()));
      const start = performance.now();
      while ((await read(`quick-${news}`)).length < 2) await store.news();
      took.push(performance.now() - start);
    }
    const median = took.sort((a, b) => a - b)[25]!;
    expect(median).toBeLessThan(50); // about 1 on an idle machine; a reaction that only polling finds would take seconds
  });

  it('says how its reactors are', async () => {
    expect(await app!.get(ReactionsControl).status()).toMatchObject([{ reactor: 'spec.echo', state: 'running', parked: [] }]);
  });
});
