import { ZodError } from 'zod';
import { ProviderError } from './provider.js';

/** What an SDK throws for an answer that is no success; both have these fields. */
interface Answered {
  readonly status: number;
  readonly headers?: Headers;
}

/**
 * Nothing came but an answer that is no success, or no answer at all.
 *
 * @param code the provider's own code of the error, where the answer had one
 */
export function openingFailure(provider: string, error: unknown, code?: string | null): ProviderError {
  if (!isAnswered(error)) {
    return new ProviderError(provider, { reason: 'provider-unavailable', isRetryable: true, ...coded(systemCode(error)) }, { cause: error });
  }
  const { status, headers } = error;
  const retryAfterMs = headers && retryAfter(headers);
  return new ProviderError(
    provider,
    { ...judged(status, code), ...(headers && overruled(headers)), status, ...coded(code), ...(retryAfterMs !== undefined && { retryAfterMs }) },
    { cause: error },
  );
}

/** The stream broke: in its bytes, or in what they say. */
export function streamFailure(provider: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const isInvalid = error instanceof SyntaxError || error instanceof ZodError;
  return new ProviderError(provider, { reason: isInvalid ? 'stream-invalid' : 'stream-cut', isRetryable: true, ...coded(systemCode(error)) }, { cause: error });
}

/** The provider said within the stream that it failed. */
export function saidFailure(provider: string, code: string | null | undefined, cause?: unknown): ProviderError {
  return new ProviderError(provider, { ...judgedByCode(code ?? ''), ...coded(code) }, { cause });
}

/** The stream is sound in its bytes, and not what the format allows. */
export const invalidStream = (provider: string, code: string) => new ProviderError(provider, { reason: 'stream-invalid', isRetryable: true, code });

/**
 * @param type the content type of the format's streams, without parameters
 * @throws ProviderError when a success is no such stream: a proxy's page, an answer in one piece
 */
export function requireStreamOf(provider: string, { status, headers }: Response, type: string): void {
  if (headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() === type) return;
  throw new ProviderError(provider, { reason: 'stream-invalid', isRetryable: true, status, code: 'not-a-stream' });
}

type Judgement = Pick<ProviderError, 'reason' | 'isRetryable'>;

const refused: Judgement = { reason: 'provider-refused', isRetryable: false };
const limited: Judgement = { reason: 'provider-rate-limited', isRetryable: true };
const unavailable: Judgement = { reason: 'provider-unavailable', isRetryable: true };

function judged(status: number, code: string | null | undefined): Judgement {
  // A spent budget is a 429 as well, and no waiting fills it.
  if (status === 429) return code === 'insufficient_quota' ? { ...limited, isRetryable: false } : limited;
  return status >= 500 || status === 408 || status === 409 ? unavailable : refused;
}

function judgedByCode(code: string): Judgement {
  if (code === 'insufficient_quota') return { ...limited, isRetryable: false };
  if (/rate_limit|too_many/.test(code)) return limited;
  return /invalid|authentication|permission|not_found|billing|too_large|policy/.test(code) ? refused : unavailable;
}

/** Both providers may say outright whether to try again. */
function overruled(headers: Headers): Partial<Judgement> {
  const said = headers.get('x-should-retry');
  return said === 'true' || said === 'false' ? { isRetryable: said === 'true' } : {};
}

/** By milliseconds, seconds, or a date, which is held against the answer's own date: whose clock is right does not matter then. */
function retryAfter(headers: Headers): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return exact;
  const said = headers.get('retry-after');
  if (said === null || said.trim() === '') return undefined;
  const ms = Number.isNaN(Number(said)) ? Date.parse(said) - Date.parse(headers.get('date') ?? '') : Number(said) * 1_000;
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined;
}

/** A code is kept only if it is one: some servers put a sentence there, and a sentence may quote what a person said. */
const coded = (code: string | null | undefined) => (code && /^[\w.:-]{1,64}$/.test(code) ? { code } : {});

const isAnswered = (error: unknown): error is Answered => typeof (error as Partial<Answered> | null)?.status === 'number';

/** ECONNREFUSED, UND_ERR_SOCKET and the like, from the depth of the causes. */
function systemCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === 'string') return code;
    at = cause;
  }
  return undefined;
}
