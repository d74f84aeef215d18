/**
 * What a call asks of the simulator beside its answer: a fault, a length, a pace. Said by header or by model name, in the same words:
 *
 *     x-simulator-fault: stall; at=3; times=1          model: sim-stall-at-3-times-1
 */

/** Faults that are an HTTP status before the headers, and the wire's own error event after them. */
export const STATUS_FAULTS = ['400', '401', '403', '404', '413', '429', '500', '503', '529'] as const;

export const FAULTS = [
  ...STATUS_FAULTS,
  /** A proxy's page instead of an answer: 200 and text/html. */
  'html',
  /** Nothing at all: not even headers. */
  'hang',
  /** The stream stays open and says no more. */
  'stall',
  /** The connection ends in the middle of a body (FIN without the last chunk), or is reset (RST). */
  'cut',
  'reset',
  /** The body ends in good order, and too early. */
  'clean-close',
  /** The wire's own error event in the stream. */
  'error',
  /** Half a JSON text in the place of an event. */
  'garbage',
  /** An event comes twice. */
  'duplicate',
  /** A pause: before every token, or once where `at` says. */
  'slow',
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Before the headers (of the answer, or of what a stream says), after so many tokens, or after the last token and before the end. */
export type Place = 'headers' | 'end' | number;

export interface Fault {
  readonly kind: FaultKind;
  readonly at: Place | 'every-token';
  /** How many like calls (same model, same messages) it strikes before they go well. */
  readonly times: number;
  /** Length of a pause. */
  readonly ms: number;
  readonly retryAfterS: number;
}

export interface Orders {
  readonly fault: Fault | null;
  /** Tokens of the reply; null: as many as it takes to say it. */
  readonly tokens: number | null;
  readonly firstTokenMs: number | null;
  readonly tokenMs: number | null;
  /** The model thinks first. */
  readonly reasons: boolean;
}

/** Nothing that we understand: the call is refused, for a fault that does not strike would prove nothing. */
export class UnknownOrder extends Error {}

export const MODELS = ['sim-1', 'sim-reasoning'] as const;

const OPTIONS = ['at', 'times', 'ms', 'first-ms', 'tokens', 'retry-after'] as const;
type Options = Readonly<Partial<Record<(typeof OPTIONS)[number], string>>>;
const MODEL = new RegExp(`^sim-(?<kind>1|reasoning|${FAULTS.join('|')})(?<options>(?:-(?:${OPTIONS.join('|')})-[a-z0-9]+)*)$`);
const MODEL_OPTION = new RegExp(`-(${OPTIONS.join('|')})-([a-z0-9]+)`, 'g');

/**
 * @param model  any name; only those that begin with `sim-` say something
 * @param header the value of `x-simulator-fault`; it outweighs the model
 * @throws UnknownOrder
 */
export function ordersOf(model: string, header: string | undefined): Orders {
  const named = model.startsWith('sim-') ? byModel(model) : { kind: '1', options: {} };
  const orders = {
    fault: faultOf(named.kind, named.options),
    tokens: numberOf(named.options, 'tokens', 100_000),
    firstTokenMs: numberOf(named.options, 'first-ms'),
    tokenMs: numberOf(named.options, 'ms'),
    reasons: named.kind === 'reasoning',
  };
  return header === undefined ? orders : { ...orders, fault: byHeader(header) };
}

function byModel(model: string): { kind: string; options: Options } {
  const { kind, options } = MODEL.exec(model)?.groups ?? {};
  if (kind === undefined || options === undefined) throw new UnknownOrder(`the simulator has no model ${model}`);
  return { kind, options: Object.fromEntries([...options.matchAll(MODEL_OPTION)].map(([, name, value]) => [name, value])) as Options };
}

function byHeader(header: string): Fault {
  const [kind = '', ...parts] = header.split(';').map((part) => part.trim());
  const pairs = parts.map((part) => part.split('=').map((side) => side.trim()));
  const unknown = pairs.find(([name, value]) => value === undefined || !OPTIONS.some((option) => option === name));
  const fault = faultOf(kind, Object.fromEntries(pairs) as Options);
  if (fault === null || unknown) throw new UnknownOrder(`x-simulator-fault: one of ${FAULTS.join(', ')}; options ${OPTIONS.join(', ')}`);
  return fault;
}

function faultOf(kind: string, options: Options): Fault | null {
  const known = FAULTS.find((fault) => fault === kind);
  if (known === undefined) return null;
  return {
    kind: known,
    at: placeOf(known, options.at),
    times: numberOf(options, 'times') ?? Number.POSITIVE_INFINITY,
    ms: numberOf(options, 'ms') ?? 200,
    retryAfterS: numberOf(options, 'retry-after') ?? 1,
  };
}

function placeOf(kind: FaultKind, at: string | undefined): Fault['at'] {
  if (at === 'headers' || at === 'end') return at;
  if (at !== undefined) return count('at', at);
  if (kind === 'slow') return 'every-token';
  return kind === 'html' || kind === 'hang' || STATUS_FAULTS.some((status) => status === kind) ? 'headers' : 3;
}

function numberOf(options: Options, name: keyof Options, max = 600_000): number | null {
  const value = options[name];
  return value === undefined ? null : Math.min(count(name, value), max);
}

function count(name: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new UnknownOrder(`${name}: a number is expected, or for "at" headers, end or a number`);
}
