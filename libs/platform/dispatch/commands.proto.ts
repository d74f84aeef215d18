import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition, type sendUnaryData, type ServerUnaryCall, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { OWN_FOLDER } from '../config/own-folder.js';

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
export const Commands = (loadPackageDefinition(loadSync(join(OWN_FOLDER, 'proto/parley/v1/commands.proto'))).parley as { v1: GrpcObject }).v1.Commands as ServiceClientConstructor;
