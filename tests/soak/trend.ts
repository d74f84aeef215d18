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

/** So many windows; of each the lowest value counts, for garbage that waits to be collected is no growth. */
const WINDOWS = 12;

/**
 * Whether a figure grows: by the median of the slopes between any two windows, which a single peak does not move.
 *
 * @throws RangeError when there are too few values to tell
 */
export function trendOf(series: Series, { share, least }: Allowed): Trend {
  const settled = series.slice(Math.floor(series.length * WARM_UP));
  const lows = windowsOf(settled).map((window) => window.reduce((low, each) => (each[1] < low[1] ? each : low)));
  if (lows.length < 3) throw new RangeError(`${series.length} values tell no trend`);
  const slopes = lows.flatMap(([at, value], index) => lows.slice(index + 1).map(([later, other]) => (other - value) / (later - at)));
  const slope = medianOf(slopes);
  const [begin, end] = [lows[0]![0], lows.at(-1)![0]];
  const middle = medianOf(lows.map(([, value]) => value));
  const grown = slope * (end - begin);
  return { from: Math.round(middle - grown / 2), to: Math.round(middle + grown / 2), isGrowing: grown > Math.max(least, (middle - grown / 2) * share) };
}

function windowsOf(series: Series): Series[] {
  const size = Math.max(1, Math.ceil(series.length / WINDOWS));
  return Array.from({ length: Math.ceil(series.length / size) }, (_, index) => series.slice(index * size, (index + 1) * size));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
