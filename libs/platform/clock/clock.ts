/** The time, as a port: what a spec or a simulator must be able to set. Order is never by time, only by revision and position. */
export abstract class Clock {
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** Stands still until it is moved. */
export class ManualClock extends Clock {
  constructor(private instant = new Date('2025-01-01T12:00:00.000Z')) {
    super();
  }

  now(): Date {
    return new Date(this.instant);
  }

  advance(byMs: number): void {
    this.instant = new Date(this.instant.getTime() + byMs);
  }
}
