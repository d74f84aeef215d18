import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { PubSub } from 'graphql-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { eventOf, replyIdOf, speakWhenTold } from './speak.js';

/** graphql-ws with PubSub, as their documentations set them up: no sign-in, no limits. The peer of the fan-out. */
const schema = buildSchema(`
  type ReplyChunk { replyId: ID! attempt: Int! sequence: Int! text: String! }
  type ReplyCompleted { text: String! }
  union ReplyEvent = ReplyChunk | ReplyCompleted
  type Query { hello: String }
  type Subscription { replyStream(replyId: ID!): ReplyEvent! }
`);
const pubsub = new PubSub();
const { replyStream } = (schema.getType('Subscription') as GraphQLObjectType).getFields();
replyStream!.subscribe = (_: unknown, { replyId }: { replyId?: string }) => pubsub.asyncIterableIterator(replyId!);

const http = createServer();
useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false }));
http.listen(0, '127.0.0.1', () => speakWhenTold((http.address() as AddressInfo).port, (token) => void pubsub.publish(replyIdOf(token.reply), { replyStream: eventOf(token) })));
