import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { GraphQLScalarType } from 'graphql';
import pg from 'pg';
import type { AddressInfo } from 'node:net';

/** Apollo as its documentation sets it up, before one table: without tenants, sign-in, limits or a log. The peer of the list's row. */
const [databaseUrl] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl });

const typeDefs = `#graphql
  scalar DateTime
  type ReplyUsage {
    replyId: ID! conversationId: ID! messageId: ID! personId: ID! agentId: ID! promptVersion: Int! promptHash: String provider: String! model: String! status: String!
    finishReason: String failureReason: String attempts: Int! costMicroUsd: Float! priceVersion: String wastedTokens: Int! firstTokenMs: Int latencyMs: Int startedAt: DateTime! settledAt: DateTime
  }
  type ReplyUsageConnection { nodes: [ReplyUsage!]! }
  type Query { usageReplies(first: Int!): ReplyUsageConnection! }
`;

const columns = typeDefs.match(/type ReplyUsage \{([^}]+)\}/)![1]!.match(/\w+(?=:)/g)!.map((name) => `${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} as "${name}"`).join();
const page = `select ${columns} from stock.replies where tenant_id = (select tenant_id from stock.replies limit 1) order by started_at desc, reply_id desc limit $1`;

const resolvers = {
  DateTime: new GraphQLScalarType<Date, string>({ name: 'DateTime', serialize: (date) => (date as Date).toISOString() }),
  Query: {
    usageReplies: async (_: unknown, { first }: { first: number }) => {
      const { rows } = await pool.query<object>(page, [first + 1]);
      return { nodes: rows.slice(0, first) };
    },
  },
};

const server = new ApolloServer({ typeDefs, resolvers });
await server.start();
const listening = express().use('/graphql', express.json(), expressMiddleware(server)).listen(0, '127.0.0.1', () => process.stderr.write(`${(listening.address() as AddressInfo).port}\n`));
