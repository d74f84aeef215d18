import { Server } from './server.js';

interface Parked {
  readonly eventId: string;
  readonly stream: string;
  readonly type: string | null;
  readonly reason: string;
  readonly tries: number;
}

interface Status {
  readonly projection: string;
  readonly version: number | null;
  readonly position: string;
  readonly head: string;
  readonly lag: string;
  readonly isRebuilding: boolean;
  readonly parked: readonly Parked[];
}

const STATUS = '{ projections { projection version position head lag isRebuilding parked { eventId stream type reason tries } } }';
const RETRY = 'mutation ($input: RetryParkedInput!) { retryParked(input: $input) { mended stillParked } }';
const SKIP = 'mutation ($input: SkipParkedInput!) { skipParked(input: $input) { mended stillParked } }';

/** The operator's view of the read models. */
export const projections = {
  async status({ json }: { readonly json?: boolean }): Promise<void> {
    const { projections: all } = await new Server().ask<{ projections: Status[] }>(STATUS);
    if (json) {
      for (const each of all) console.log(JSON.stringify(each));
      return;
    }
    console.table(
      Object.fromEntries(all.map(({ projection, version, position, lag, isRebuilding, parked }) => [projection, { version: version ?? 'reactor', position, lag, parked: parked.length, rebuilding: isRebuilding }])),
    );
    for (const { projection, parked } of all) {
      for (const { eventId, stream, type, reason, tries } of parked) console.log(`${projection} waits at ${type ?? 'fact'} ${eventId} of ${stream} (${tries} tries): ${reason}`);
    }
    if (all.some(({ parked }) => parked.length > 0)) {
      console.log('\nMend the cause, then: npx parley projections retry <projection>\nOr leave a fact out:  npx parley projections skip <projection> <eventId> --reason "…"');
      process.exitCode = 1;
    }
  },

  async retry(projection: string, stream?: string): Promise<void> {
    const { retryParked } = await new Server().ask<{ retryParked: { mended: number; stillParked: number } }>(RETRY, { input: { projection, stream } });
    report(retryParked);
  },

  async skip(projection: string, eventId: string, reason: string): Promise<void> {
    const { skipParked } = await new Server().ask<{ skipParked: { mended: number; stillParked: number } }>(SKIP, { input: { projection, eventId, reason } });
    report(skipParked);
  },
};

function report({ mended, stillParked }: { readonly mended: number; readonly stillParked: number }): void {
  console.log(`${mended} streams go on, ${stillParked} facts still parked.`);
  if (stillParked > 0) process.exitCode = 1;
}
