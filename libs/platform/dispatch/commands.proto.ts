import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type GrpcObject, loadPackageDefinition, type sendUnaryData, type ServerUnaryCall, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** A command on its way: see proto/parley/v1/commands.proto. */
export interface DispatchRequest {
  readonly type: string;
  readonly commandJson: string;
}

export interface DispatchResponse {
  readonly answerJson: string;
}

export type DispatchCall = ServerUnaryCall<DispatchRequest, DispatchResponse>;
export type Answered = sendUnaryData<DispatchResponse>;

/** `parley.v1.Commands`: the client's constructor, and the service for a server. */
export const Commands = (loadPackageDefinition(loadSync(protoFile(import.meta.dirname))).parley as { v1: GrpcObject }).v1.Commands as ServiceClientConstructor;

/** Beside the sources and beside what is built of them, the folder is a different number of steps up. */
function protoFile(from: string): string {
  const path = join(from, 'proto/parley/v1/commands.proto');
  return existsSync(path) || dirname(from) === from ? path : protoFile(dirname(from));
}
