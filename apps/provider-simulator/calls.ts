/** A call, as the simulator saw it: how a test knows what went upstream, and what became of the connection. */
export interface Call {
  readonly id: string;
  readonly wire: string;
  readonly model: string;
  readonly isStream: boolean;
  readonly fault: string | null;
  /** The request's body, parsed. */
  readonly body: unknown;
  readonly tokensSent: number;
  /** `client-closed`: the caller ended the connection before the answer had ended. */
  readonly end: 'open' | 'answered' | 'client-closed' | 'faulted';
}

/** Most calls that are kept. */
const KEPT = 1_000;

/** The last calls, where they are wanted: they hold what people said, so a simulator that serves people keeps none. */
export class Calls {
  private readonly kept: Call[] = [];

  constructor(private readonly areKept: boolean) {}

  get list(): readonly Call[] {
    return this.kept;
  }

  /** @returns how to say what became of it */
  opened(call: Omit<Call, 'tokensSent' | 'end'>): (change: Partial<Pick<Call, 'tokensSent' | 'end'>>) => void {
    const entry = { ...call, tokensSent: 0, end: 'open' as const };
    if (this.areKept) this.kept.push(entry);
    if (this.kept.length > KEPT) this.kept.shift();
    return (change) => Object.assign(entry, change);
  }
}
