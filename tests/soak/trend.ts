/** One figure of one process over time: seconds since the start, and the value. */
export type Series = readonly (readonly [seconds: number, value: number])[];

export interface Allowed {
  /** Growth over the time looked at, as a share of where it was, */
  readonly share: number;
  /** or in its own unit, whichever is more. */
  readonly least: number;
}

export interface Trend {
  readonly from: number;
  readonly to: number;
  readonly isGrowing: boolean;
}

/** The first part of a run is not looked at: caches fill, connections open, code is compiled. */
const WARM_UP = 1 / 3;

/** So many windows, of each the lowest and the highest value count. */
const WINDOWS = 12;

/**
 * Whether a figure grows: its floor and its ceiling do, each by the median of the slopes between any two windows, which a single peak
 * does not move. Garbage that waits to be collected is no growth: it lifts the ceiling alone. Nor is memory that a process gave back
 * now and then, and then no more: its floor comes up to a ceiling that stays.
 *
 * @returns from where to where the floor went
 * @throws RangeError when there are too few values to tell
 */
export function trendOf(series: Series, { share, least }: Allowed): Trend {
  const windows = windowsOf(series.slice(Math.floor(series.length * WARM_UP)));
  if (windows.length < 3) throw new RangeError(`${series.length} values tell no trend`);
  const floor = lineThrough(windows.map((window) => window.reduce((low, each) => (each[1] < low[1] ? each : low))));
  const ceiling = lineThrough(windows.map((window) => window.reduce((high, each) => (each[1] > high[1] ? each : high))));
  const isUp = ({ from, to }: Line) => to - from > Math.max(least, from * share);
  return { from: Math.round(floor.from), to: Math.round(floor.to), isGrowing: isUp(floor) && isUp(ceiling) };
}

interface Line {
  readonly from: number;
  readonly to: number;
}

function lineThrough(places: Series): Line {
  const slope = medianOf(places.flatMap(([at, value], index) => places.slice(index + 1).map(([later, other]) => (other - value) / (later - at))));
  const middle = medianOf(places.map(([, value]) => value));
  const half = (slope * (places.at(-1)![0] - places[0]![0])) / 2;
  return { from: middle - half, to: middle + half };
}

function windowsOf(series: Series): Series[] {
  const size = Math.max(1, Math.ceil(series.length / WINDOWS));
  return Array.from({ length: Math.ceil(series.length / size) }, (_, index) => series.slice(index * size, (index + 1) * size));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
