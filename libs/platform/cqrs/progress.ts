/** How far we are in a lane where many facts are under way at once: up to before the first that is not done. */
export class Progress {
  /** What is under way, rising, with the position that was taken before it: between positions of a log with gaps there are none. */
  private readonly underWay = new Map<bigint, bigint>();

  /** @param taken the last position that was begun or passed */
  constructor(public taken: bigint) {}

  /** @param position higher than any before */
  begin(position: bigint): void {
    this.underWay.set(position, this.taken);
    this.pass(position);
  }

  done(position: bigint): void {
    this.underWay.delete(position);
  }

  /** There was nothing to do up to here. */
  pass(position: bigint): void {
    if (position > this.taken) this.taken = position;
  }

  /** Every fact up to this position is done. */
  get position(): bigint {
    const [first] = this.underWay.values();
    return first ?? this.taken;
  }
}
