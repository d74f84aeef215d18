import { defineCommand } from '@parley/kernel/command.js';
import { CommandBus, CommandHandler, CqrsModule } from '@nestjs/cqrs';
import { DiscoveryModule } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { z } from 'zod';
import { meta } from '../testing/meta.js';
import { CommandUnknown, KnownCommands } from './known-commands.js';

class Greet extends defineCommand('Greet', z.object({ whom: z.string() })) {}
class Knock {
  constructor(readonly times: number) {}
}

@CommandHandler(Greet)
class GreetHandler {
  execute = async (command: Greet) => `${command.type} ${command.data.whom} at ${command.meta.now}: ${command instanceof Greet}`;
}
@CommandHandler(Knock)
class KnockHandler {
  execute = async ({ times }: Knock) => times;
}

let app: TestingModule;
beforeAll(async () => {
  app = await Test.createTestingModule({ imports: [CqrsModule.forRoot(), DiscoveryModule], providers: [KnownCommands, GreetHandler, KnockHandler] }).compile();
  await app.init();
});
afterAll(() => app.close());

const run = (name: string, fields: object) => app.get(CommandBus).execute(app.get(KnownCommands).rebuild(name, fields));

describe('the commands of a process', () => {
  it('are those that it has handlers for', () => expect(app.get(KnownCommands).names()).toEqual(expect.arrayContaining(['Greet', 'Knock'])));

  it('are after their way what they were before', async () => {
    expect(await run('Greet', { data: { whom: 'you' }, meta })).toBe(`Greet you at ${meta.now}: true`);
    expect(await run('Knock', { times: 3 })).toBe(3);
  });

  it('are refused when their data or metadata do not fit', () => {
    expect(() => app.get(KnownCommands).rebuild('Greet', { data: { whom: 1 }, meta })).toThrow(z.ZodError);
    expect(() => app.get(KnownCommands).rebuild('Greet', { data: { whom: 'you' }, meta: { ...meta, tenantId: 'other' } })).toThrow(z.ZodError);
  });

  it('are not those that only another release has', () => expect(() => app.get(KnownCommands).rebuild('toString', {})).toThrow(CommandUnknown));
});
