import { status as code, Metadata, type ServiceError } from '@grpc/grpc-js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Message } from 'google-protobuf';
import type { Expected, Proposed } from './log.ts';
import type { Recorded } from './recorded.ts';

/** Most bytes in one append, as the real server has it by default. */
export const MAX_APPEND_BYTES = 1_024 * 1_024;

export const nameOf = (identifier: sharedPb.StreamIdentifier | undefined) => Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();
export const identifierOf = (name: string) => new sharedPb.StreamIdentifier().setStreamName(bytes(Buffer.from(name)));
export const empty = () => new sharedPb.Empty();
export const googleEmpty = () => new emptyPb.Empty();

/** The client sends ids as text; the protocol also knows two halves. */
export function idOf(uuid: sharedPb.UUID | undefined): string {
  const halves = uuid?.getStructured();
  if (!halves) return uuid?.getString() ?? '';
  const hex = [halves.getMostSignificantBits(), halves.getLeastSignificantBits()].map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function uuidOf(id: string, isStructured = false): sharedPb.UUID {
  if (!isStructured) return new sharedPb.UUID().setString(id);
  const hex = id.replaceAll('-', '');
  const half = (from: number) => BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)).toString();
  return new sharedPb.UUID().setStructured(new sharedPb.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16)));
}

/** An event to be written, in either way of writing. */
type ProposedMessage = streamsPb.AppendReq.ProposedMessage | streamsPb.BatchAppendReq.ProposedMessage;

export function proposedOf(message: ProposedMessage): Proposed {
  const map = message.getMetadataMap();
  const [type, contentType] = [map.get('type'), map.get('content-type')];
  if (type === undefined || contentType === undefined) {
    throw refusal(code.INVALID_ARGUMENT, `Required Metadata Property '${type === undefined ? 'type' : 'content-type'}' is missing`, { exception: 'missing-required-metadata-property' });
  }
  return { id: idOf(message.getId()), type, contentType, data: message.getData_asU8(), metadata: message.getCustomMetadata_asU8() };
}

export const sizeOf = (events: readonly Proposed[]) => events.reduce((sum, { type, data, metadata }) => sum + 2 * type.length + data.length + metadata.length, 0);

export function readEvent(event: Recorded, isStructured: boolean): streamsPb.ReadResp {
  const recorded = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
    .setId(uuidOf(event.id, isStructured))
    .setStreamIdentifier(identifierOf(event.stream))
    .setStreamRevision(`${event.revision}`)
    .setCommitPosition(`${event.position}`)
    .setPreparePosition(`${event.position}`)
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType).set('created', `${BigInt(event.createdMs) * 10_000n}`);
  return new streamsPb.ReadResp().setEvent(new streamsPb.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(`${event.position}`));
}

/** An error as the real server sends it: the client knows it by the trailer `exception`. */
export function refusal(code: number, details: string, trailers: Readonly<Record<string, string>> = {}): ServiceError {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export const streamDeleted = (stream: string) => refusal(code.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });

export const tooLarge = () =>
  refusal(code.INVALID_ARGUMENT, `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`, { exception: 'maximum-append-size-exceeded', 'maximum-append-size': `${MAX_APPEND_BYTES}` });

export function wrongExpectedVersion(stream: string, expected: Expected, current: bigint | undefined): ServiceError {
  const number = typeof expected === 'bigint' ? expected : { any: -2n, no_stream: -1n, stream_exists: -4n }[expected];
  return refusal(code.FAILED_PRECONDITION, `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${number}, Actual version: ${current ?? -1n}`, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': `${number}`,
    ...(current !== undefined && { 'actual-version': `${current}` }),
  });
}

/** In answers of a batch, errors travel inside the message. */
export function errorStatus(grpcCode: number, message: string, typeName: string, detail: Message): statusPb.Status {
  const any = new anyPb.Any();
  any.pack(detail.serializeBinary(), `event_store.client.${typeName}`);
  return new statusPb.Status().setCode(grpcCode).setMessage(message).setDetails(any);
}

// A Buffer is not what google-protobuf takes for bytes.
const bytes = (buffer: Buffer) => new Uint8Array(buffer);
