import { type sendUnaryData, type ServerDuplexStream, type ServerReadableStream, type ServerUnaryCall, status as code } from '@grpc/grpc-js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Expected, Log, Outcome, Proposed } from './log.ts';
import { empty, errorStatus, googleEmpty, idOf, identifierOf, MAX_APPEND_BYTES, nameOf, proposedOf, sizeOf, streamDeleted, tooLarge, uuidOf, wrongExpectedVersion } from './wire.ts';

/** Append: options first, then the events, one answer. */
export const appendTo = (log: Log) => (call: ServerReadableStream<streamsPb.AppendReq, streamsPb.AppendResp>, answer: sendUnaryData<streamsPb.AppendResp>) => {
  let options: streamsPb.AppendReq.Options | undefined;
  const events: Proposed[] = [];
  const refuse = (error: unknown) => answer(error as Error);
  call.on('data', (request: streamsPb.AppendReq) => {
    options ??= request.getOptions();
    const message = request.getProposedMessage();
    try {
      if (message) events.push(proposedOf(message));
    } catch (error) {
      refuse(error);
    }
  });
  call.on('end', () => {
    if (sizeOf(events) > MAX_APPEND_BYTES) return refuse(tooLarge());
    const stream = nameOf(options?.getStreamIdentifier());
    const expected = expectedOf(options!);
    log.append(stream, expected, events).then((outcome) => (outcome.kind === 'deleted' ? refuse(streamDeleted(stream)) : answer(null, appendResp(outcome, expected))), refuse);
  });
};

/** BatchAppend: one long call for many appends, each in one or more requests under its correlation id. */
export const batchAppendTo = (log: Log) => (call: ServerDuplexStream<streamsPb.BatchAppendReq, streamsPb.BatchAppendResp>) => {
  const open = new Map<string, { readonly options: streamsPb.BatchAppendReq.Options; readonly events: Proposed[] }>();
  call.on('data', (request: streamsPb.BatchAppendReq) => {
    const id = idOf(request.getCorrelationId());
    const batch = open.get(id) ?? { options: request.getOptions() ?? new streamsPb.BatchAppendReq.Options(), events: [] };
    open.set(id, batch);
    try {
      batch.events.push(...request.getProposedMessagesList().map(proposedOf));
    } catch (error) {
      return call.destroy(error as Error);
    }
    if (!request.getIsFinal()) return;
    open.delete(id);
    void batchAnswer(log, batch.options, batch.events).then(
      (answer) => call.write(answer.setCorrelationId(uuidOf(id))),
      (error: Error) => call.destroy(error),
    );
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined); // the client went away
};

export const deleteFrom = (log: Log) => (call: ServerUnaryCall<streamsPb.DeleteReq, streamsPb.DeleteResp>, answer: sendUnaryData<streamsPb.DeleteResp>) => {
  const options = call.request.getOptions()!;
  const [stream, expected] = [nameOf(options.getStreamIdentifier()), expectedOf(options)];
  log.softDelete(stream, expected).then((outcome) => {
    if (outcome.kind === 'deleted') return answer(streamDeleted(stream));
    if (outcome.kind === 'wrong expected version') return answer(wrongExpectedVersion(stream, expected, outcome.current));
    return answer(null, new streamsPb.DeleteResp().setPosition(new streamsPb.DeleteResp.Position().setCommitPosition(`${outcome.position}`).setPreparePosition(`${outcome.position}`)));
  }, answer);
};

export const tombstoneIn = (log: Log) => (call: ServerUnaryCall<streamsPb.TombstoneReq, streamsPb.TombstoneResp>, answer: sendUnaryData<streamsPb.TombstoneResp>) => {
  const options = call.request.getOptions()!;
  const [stream, expected] = [nameOf(options.getStreamIdentifier()), expectedOf(options)];
  log.tombstone(stream, expected).then((outcome) => {
    if (outcome.kind === 'deleted') return answer(streamDeleted(stream));
    if (outcome.kind === 'wrong expected version') return answer(wrongExpectedVersion(stream, expected, outcome.current));
    return answer(null, new streamsPb.TombstoneResp().setPosition(new streamsPb.TombstoneResp.Position().setCommitPosition(`${outcome.position}`).setPreparePosition(`${outcome.position}`)));
  }, answer);
};

interface ExpectedOptions {
  hasRevision(): boolean;
  getRevision(): string;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

function expectedOf(options: ExpectedOptions): Expected {
  if (options.hasRevision()) return BigInt(options.getRevision());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}

function batchExpectedOf(options: streamsPb.BatchAppendReq.Options): Expected {
  if (options.hasStreamPosition()) return BigInt(options.getStreamPosition());
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : 'any';
}

function appendResp(outcome: Exclude<Outcome, { kind: 'deleted' }>, expected: Expected): streamsPb.AppendResp {
  if (outcome.kind !== 'wrong expected version') {
    const position = new streamsPb.AppendResp.Position().setCommitPosition(`${outcome.position}`).setPreparePosition(`${outcome.position}`);
    return new streamsPb.AppendResp().setSuccess(new streamsPb.AppendResp.Success().setCurrentRevision(`${outcome.revision}`).setPosition(position));
  }
  const wrong = new streamsPb.AppendResp.WrongExpectedVersion();
  if (outcome.current === undefined) wrong.setCurrentNoStream(empty());
  else wrong.setCurrentRevision(`${outcome.current}`);
  if (expected === 'any') wrong.setExpectedAny(empty());
  else if (expected === 'no_stream') wrong.setExpectedNoStream(empty());
  else if (expected === 'stream_exists') wrong.setExpectedStreamExists(empty());
  else wrong.setExpectedRevision(`${expected}`);
  return new streamsPb.AppendResp().setWrongExpectedVersion(wrong);
}

async function batchAnswer(log: Log, options: streamsPb.BatchAppendReq.Options, events: readonly Proposed[]): Promise<streamsPb.BatchAppendResp> {
  const stream = nameOf(options.getStreamIdentifier());
  const expected = batchExpectedOf(options);
  const answer = new streamsPb.BatchAppendResp().setStreamIdentifier(identifierOf(stream)); // in errors too: the client reads it
  if (expected === 'any') answer.setAny(googleEmpty());
  else if (expected === 'no_stream') answer.setNoStream(googleEmpty());
  else if (expected === 'stream_exists') answer.setStreamExists(googleEmpty());
  else answer.setStreamPosition(`${expected}`);

  const deadline = options.getDeadline();
  if (deadline && deadline.toDate().getTime() < Date.now()) return answer.setError(errorStatus(code.DEADLINE_EXCEEDED, 'Timeout', 'Timeout', new sharedPb.Timeout()));
  if (sizeOf(events) > MAX_APPEND_BYTES) {
    return answer.setError(errorStatus(code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', 'MaximumAppendSizeExceeded', new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(MAX_APPEND_BYTES)));
  }
  const outcome = await log.append(stream, expected, events);
  if (outcome.kind === 'deleted') return answer.setError(errorStatus(code.FAILED_PRECONDITION, 'StreamDeleted', 'StreamDeleted', new sharedPb.StreamDeleted().setStreamIdentifier(identifierOf(stream))));
  if (outcome.kind === 'wrong expected version') return answer.setError(errorStatus(code.FAILED_PRECONDITION, 'WrongExpectedVersion', 'WrongExpectedVersion', wrongDetail(expected, outcome.current)));
  const position = new sharedPb.AllStreamPosition().setCommitPosition(`${outcome.position}`).setPreparePosition(`${outcome.position}`);
  return answer.setSuccess(new streamsPb.BatchAppendResp.Success().setCurrentRevision(`${outcome.revision}`).setPosition(position));
}

function wrongDetail(expected: Expected, current: bigint | undefined): sharedPb.WrongExpectedVersion {
  const wrong = new sharedPb.WrongExpectedVersion();
  if (current === undefined) wrong.setCurrentNoStream(googleEmpty());
  else wrong.setCurrentStreamRevision(`${current}`);
  if (expected === 'any') return wrong.setExpectedAny(googleEmpty());
  if (expected === 'no_stream') return wrong.setExpectedNoStream(googleEmpty());
  return expected === 'stream_exists' ? wrong.setExpectedStreamExists(googleEmpty()) : wrong.setExpectedStreamPosition(`${expected}`);
}
