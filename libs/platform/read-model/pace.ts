/** How far back a pace is looked at. */
const WINDOW_MS = 30_000;

interface Sample {
  readonly at: number;
  readonly position: bigint;
}

/** How fast tables go forward, by what was seen of them lately. */
export class Paces {
  private readonly samples = new Map<string, Sample[]>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  saw(table: string, position: bigint): void {
    const at = this.now();
    const seen = (this.samples.get(table) ?? []).filter((each) => at - each.at <= WINDOW_MS);
    const last = seen.at(-1);
    if (!last || at - last.at >= 250) seen.push({ at, position });
    this.samples.set(table, seen);
  }

  /** Facts a second; undefined when there is too little to go by. */
  of(table: string): number | undefined {
    const seen = this.samples.get(table) ?? [];
    const [first, last] = [seen[0], seen.at(-1)];
    if (!first || !last || last.at - first.at < 250) return undefined;
    return (Number(last.position - first.position) / (last.at - first.at)) * 1_000;
  }
}
