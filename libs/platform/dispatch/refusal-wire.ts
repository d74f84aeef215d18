import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { DomainError, type ErrorKind } from '@parley/kernel/domain-error.js';

/** The trailer that holds a refusal: text in people's words, so binary. */
const TRAILER = 'parley-refusal-bin';

/** Each kind's status, so that what knows only gRPC (a proxy, a metric) understands it too. */
const STATUS_OF: Readonly<Record<ErrorKind, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  limit: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
};

interface Told {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly text: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A refusal that was taken elsewhere: it says what it said there. */
class RemoteRefusal extends DomainError {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor({ code, kind, text, hint, details }: Told) {
    super(text);
    [this.code, this.kind, this.hint, this.details, this.name] = [code, kind, hint, details, code];
  }
}

/** What goes over the wire for an error. Of what is no refusal nothing is told: it may quote what people wrote. */
export function toStatus(error: unknown): Partial<ServiceError> {
  if (!(error instanceof DomainError)) return { code: status.INTERNAL, details: 'the command failed' };
  const { code, kind, message: text, hint, details } = error;
  const metadata = new Metadata();
  metadata.set(TRAILER, Buffer.from(JSON.stringify({ code, kind, text, hint, details } satisfies Told)));
  return { code: STATUS_OF[kind], details: code, metadata };
}

/** The refusal that an answer of the command side holds; undefined when the outcome is open, or is a bug. */
export function refusalIn({ metadata }: ServiceError): DomainError | undefined {
  const [told] = metadata?.get(TRAILER) ?? [];
  return told === undefined ? undefined : new RemoteRefusal(JSON.parse(told.toString()) as Told);
}
