/** An event as the log holds it. */
export interface Recorded {
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  /** Commit and prepare position are one here. They rise by the size of each event: gaps everywhere, as in the real log. */
  readonly position: bigint;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly createdMs: number;
}
