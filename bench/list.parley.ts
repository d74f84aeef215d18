import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Args, Field, Int, ObjectType, Query, Resolver } from '@nestjs/graphql';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AccessTokens, Public } from '@parley/platform/graphql-kit/caller.js';
import { ReadYourWrites } from '@parley/platform/graphql-kit/consistent.js';
import { type AskedFields, AskedOfNodes } from '@parley/platform/graphql-kit/execution/asked-fields.js';
import { GraphqlKitModule } from '@parley/platform/graphql-kit/graphql-kit.module.js';
import { GATEWAY_APP_OPTIONS, prepareGateway } from '@parley/platform/graphql-kit/prepare-gateway.js';
import { HealthModule } from '@parley/platform/health/health.module.js';
import { TelemetryModule } from '@parley/platform/telemetry/telemetry.module.js';
import { ReplyUsage } from '@parley/usage/api/usage.types.js';
import pg from 'pg';

/** Parley's gateway before one table: the kit as it is in production, with a resolver that reads the columns that were asked for. */
const [databaseUrl] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl });

@ObjectType()
class Replies {
  @Field(() => [ReplyUsage]) nodes: ReplyUsage[];
}

@Resolver()
class ListResolver {
  @Public()
  @Query(() => Replies)
  async usageReplies(@Args('first', { type: () => Int }) first: number, @AskedOfNodes() asked: AskedFields): Promise<Replies> {
    const columns = [...asked].map((name) => `${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} as "${name}"`).join();
    const page = `select ${columns} from stock.replies where tenant_id = (select tenant_id from stock.replies limit 1) order by started_at desc, reply_id desc limit $1`;
    const { rows } = await pool.query<ReplyUsage>(page, [first + 1]);
    return { nodes: rows.slice(0, first) };
  }
}

@Global()
@Module({
  providers: [{ provide: AccessTokens, useValue: { verify: () => Promise.reject(new Error('none is asked for')) } }, { provide: ReadYourWrites, useValue: { wait: () => Promise.resolve() } }],
  exports: [AccessTokens, ReadYourWrites],
})
class NobodyModule {}

@Module({ imports: [TelemetryModule, HealthModule, NobodyModule, GraphqlKitModule.forRoot()], providers: [ListResolver] })
class ListModule {}

const app = await NestFactory.create<NestExpressApplication>(ListModule, { ...GATEWAY_APP_OPTIONS, logger: ['error'] });
prepareGateway(app);
await app.listen(0, '127.0.0.1');
process.stderr.write(`${(app.getHttpServer().address() as AddressInfo).port}\n`);
