import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { EventLogModule } from '../event-log/event-log.module.js';
import { EventLog } from '../event-log/event-log.js';
import { EventStoreModule } from '../event-store/event-store.module.js';
import { EventStore, NO_STREAM } from '../event-store/event-store.js';
import { newStream, proposed } from '../event-store/event-store.contract.js';
import { masterKey, newDatabase } from '../testing/database.js';
import { Databases } from './databases.js';
import { PostgresModule } from './postgres.module.js';

describe('the modules of the platform', () => {
  it('give an application its database, its log and its way to follow it, and let go of all when it stops', async () => {
    const ownerUrl = await newDatabase();
    const imports = [PostgresModule.forRoot({ ownerUrl, masterKey, tables: [] }), EventStoreModule.forRoot(), EventLogModule.forRoot()];
    const application = await (await Test.createTestingModule({ imports }).compile()).init();
    const { position } = await application.get(EventStore).append(newStream(), NO_STREAM, [proposed()]);
    expect(await application.get(EventLog).head()).toBe(position);

    const databases = application.get(Databases);
    const [who] = await application.get(DataSource).query<{ role: string }[]>('select current_user as role');
    expect(who).toEqual({ role: databases.roles.app });

    await application.close();
    await expect(databases.writer.query('select 1')).rejects.toThrow();
  });

  it('keep the log in memory when asked, without a database', async () => {
    const imports = [EventStoreModule.forRoot({ url: 'memory:' }), EventLogModule.forRoot()];
    const application = await (await Test.createTestingModule({ imports }).compile()).init();
    await application.get(EventStore).append(newStream(), NO_STREAM, [proposed()]);
    expect(await application.get(EventLog).head()).toBe(1n);
    await application.close();
  });
});
