/** One way of doing the work that is measured. */
export interface Contender {
  readonly name: string;
  /** Does the work once. @returns how much of it per second, or how long it took */
  run(round: number): Promise<number>;
}

export type Values = ReadonlyMap<string, readonly number[]>;

/** Lets the contenders work in turn, a different one first in each round: what else the machine does meets all of them alike. */
export async function rounds(count: number, contenders: readonly Contender[]): Promise<Values> {
  const values = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < count; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length]!;
      globalThis.gc?.();
      values.get(contender.name)!.push(await contender.run(round));
    }
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  return values;
}

/** Keeps `inFlight` tasks going for a while. @param task is told which of those in flight it is @returns tasks per second */
export async function perSecond(ms: number, inFlight: number, task: (worker: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let done = 0;
  const work = async (_: unknown, worker: number) => {
    for (; performance.now() - start < ms; done++) await task(worker);
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return (done / (performance.now() - start)) * 1_000;
}

/** Runs tasks one after another. @returns how long each took, ms */
export async function timesOf(count: number, task: (index: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await task(index);
    times.push(performance.now() - start);
  }
  return times;
}

export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2;
}

/** Round by round, how many times `ours` is of `theirs`. */
export const ratios = (ours: readonly number[], theirs: readonly number[]): number[] => ours.map((value, round) => value / theirs[round]!);
