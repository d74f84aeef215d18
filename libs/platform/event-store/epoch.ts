/** 2020-09-13: as a 32-bit integer it reaches far. */
const EPOCH_SECONDS = 1_600_000_000;

/**
 * Which epoch a store has that is set back now. It is of the clock, so that a backup which is restored twice gives two: each is a history
 * of its own from here on.
 */
export const epochAt = (now: Date, before: number): number => Math.max(before + 1, Math.floor(now.getTime() / 1_000) - EPOCH_SECONDS);
