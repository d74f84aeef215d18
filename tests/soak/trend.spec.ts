import { type Series, trendOf } from './trend.js';

const MEMORY = { share: 0.1, least: 16 };
/** A value each ten seconds, for half an hour. */
const series = (value: (minute: number, n: number) => number): Series => Array.from({ length: 180 }, (_, n) => [n * 10, value(n / 6, n)]);
const isGrowing = (value: (minute: number, n: number) => number) => trendOf(series(value), MEMORY).isGrowing;

/** What a heap looks like between two collections. */
const teeth = (n: number) => (n % 7) * 12;

describe('the trend of a figure', () => {
  it('is flat where garbage comes and goes', () => expect(isGrowing((_, n) => 100 + teeth(n))).toBe(false));
  it('is flat where it rose at the beginning, and stayed', () => expect(isGrowing((minute, n) => 100 + Math.min(minute, 8) * 40 + teeth(n))).toBe(false));
  it('is flat where there was one peak', () => expect(isGrowing((minute, n) => 100 + (minute > 20 && minute < 21 ? 500 : 0) + teeth(n))).toBe(false));
  it('is flat where it falls', () => expect(isGrowing((minute) => 400 - minute)).toBe(false));
  it('is flat where it was given back now and then, and later no more', () => expect(isGrowing((minute) => (minute % 4 < 1 && minute < 22 ? 200 : 300))).toBe(false));
  it('is flat where more garbage waits than before', () => expect(isGrowing((minute, n) => 100 + ((n % 7) * minute) / 2)).toBe(false));
  it('grows where two megabytes a minute stay', () => expect(isGrowing((minute, n) => 100 + minute * 2 + teeth(n))).toBe(true));
  it('grows where it leaks in steps', () => expect(isGrowing((minute, n) => 100 + Math.floor(minute / 4) * 10 + teeth(n))).toBe(true));
  it('says from where to where', () => expect(trendOf(series((minute) => 100 + minute * 3), MEMORY)).toEqual({ from: 130, to: 185, isGrowing: true }));
  it('is not told by a handful of values', () => expect(() => trendOf([[0, 1], [10, 2]], MEMORY)).toThrow(RangeError));
});
