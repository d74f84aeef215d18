import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { capturedLog } from '../testing/captured-log.js';
import { PartErrors } from './part-errors.js';
import { Unauthenticated } from './refusals.js';

@Controller()
class Toy {
  @Get('refused') refused(): never {
    throw new Unauthenticated();
  }
  @Get('broken') broken(): never {
    throw new Error('(text)=(what a person wrote)');
  }
}
@Module({ controllers: [Toy] })
class ToyModule {}

let app: NestExpressApplication;
let log: ReturnType<typeof capturedLog>;
beforeAll(async () => {
  log = capturedLog();
  app = (await Test.createTestingModule({ imports: [ToyModule] }).compile()).createNestApplication<NestExpressApplication>({ logger: false });
  app.useGlobalFilters(new PartErrors());
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

const ask = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/${path}`);
  return { status: response.status, body: await response.text() };
};

describe('the errors of a part without GraphQL', () => {
  it('are refusals by status and code', async () => {
    const { status, body } = await ask('refused');
    expect([status, JSON.parse(body)]).toMatchObject([401, { errors: [{ extensions: { code: 'UNAUTHENTICATED', kind: 'unauthenticated' } }] }]);
    expect((await ask('nowhere')).status).toBe(404);
  });

  it('tell nothing of a bug but the id under which it is in the log', async () => {
    const { status, body } = await ask('broken');
    expect(status).toBe(500);
    expect(body).not.toContain('person wrote');
    const { correlationId } = (JSON.parse(body) as { errors: [{ extensions: { correlationId: string } }] }).errors[0].extensions;
    expect(log.text()).toContain(correlationId);
  });
});
