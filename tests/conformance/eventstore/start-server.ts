import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { appendTo, batchAppendTo, deleteFrom, tombstoneIn } from './appending.ts';
import { Log } from './log.ts';
import { readFrom } from './reading.ts';
import { uuidOf } from './wire.ts';

export interface ServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Where the log is kept; without it, in memory. */
  readonly file?: string;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** Whether the server lists BatchAppend; older ones do not, and clients then append call by call. Default: true. */
  readonly batchAppend?: boolean;
  readonly now?: () => number;
}

export interface ConformanceServer {
  readonly port: number;
  /** What a client connects to. */
  readonly url: string;
  close(): Promise<void>;
}

const METHODS = ['read', 'append', 'delete', 'tombstone', 'batchappend'];

/** Starts the conformance server: EventStoreDB's protocol for tests, over a log of one file. */
export async function startConformanceServer({ port = 0, host = '127.0.0.1', file, tls, batchAppend = true, now }: ServerOptions = {}): Promise<ConformanceServer> {
  const log = await Log.open(file, now);
  const server = new Server({ 'grpc.max_receive_message_length': 17 * 1_024 * 1_024 });
  server.addService(streamsGrpc.StreamsService, { read: readFrom(log), append: appendTo(log), batchAppend: batchAppendTo(log), delete: deleteFrom(log), tombstone: tombstoneIn(log) });
  server.addService(featuresGrpc.ServerFeaturesService, { getSupportedMethods: features(batchAppend) });
  const credentials = tls ? ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }]) : ServerCredentials.createInsecure();
  let bound = port;
  server.addService(gossipGrpc.GossipService, {
    read: (_: ServerUnaryCall<sharedPb.Empty, gossipPb.ClusterInfo>, answer: sendUnaryData<gossipPb.ClusterInfo>) => answer(null, clusterOfOne(host, bound)),
  });
  bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, at) => (error ? reject(error) : resolve(at)));
  });
  const close = async () => {
    server.forceShutdown();
    await log.close();
  };
  return { port: bound, url: `esdb://${host}:${bound}?tls=${tls !== undefined}`, close };
}

const features = (batchAppend: boolean) => (_: ServerUnaryCall<sharedPb.Empty, featuresPb.SupportedMethods>, answer: sendUnaryData<featuresPb.SupportedMethods>) => {
  const methods = METHODS.filter((name) => batchAppend || name !== 'batchappend').map((name) =>
    new featuresPb.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name).setFeaturesList(name === 'read' ? ['all', 'stream', 'filter'] : []),
  );
  answer(null, new featuresPb.SupportedMethods().setEventStoreServerVersion('24.10.0 (Parley conformance server, for tests only)').setMethodsList(methods));
};

const instanceId = crypto.randomUUID();

const clusterOfOne = (host: string, port: number) => new gossipPb.ClusterInfo().setMembersList([memberOf(host, port)]);

const memberOf = (host: string, port: number) =>
  new gossipPb.MemberInfo()
    .setInstanceId(uuidOf(instanceId))
    .setTimeStamp(`${BigInt(Date.now()) * 10_000n}`)
    .setState(gossipPb.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossipPb.EndPoint().setAddress(host).setPort(port));
