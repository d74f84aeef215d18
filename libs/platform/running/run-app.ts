import { once } from 'node:events';
import { InvalidConfig } from '../config/config.js';
import { EventStoreUnusable, StoreReplaced } from '../event-store/event-store.js';
import { armFailpoints } from '../failpoints/failpoints.js';
import { DatabaseUnusable } from '../postgres/databases.js';
import { EmbeddedPostgresError } from '../postgres/embedded-errors.js';
import { startTracing } from '../telemetry/start-tracing.js';

/** Longest wait for what is under way when we are asked to stop. */
const SHUTDOWN_MS = 20_000;

/** Something that was started, and ends in the other order. */
export type Stop = () => Promise<unknown>;

/** What a person can mend: told in its one sentence, without a stack. */
export class CannotStart extends Error {}

/**
 * Runs an app until it is asked to stop, or loses what it cannot be without.
 *
 * @param name of the app, as traces call it
 * @param start starts the parts, and puts the end of each into `stops` as soon as it is there
 * @returns the exit code
 */
export async function runApp(name: string, start: (stops: Stop[]) => Promise<{ readonly lost?: Promise<string> } | void>): Promise<number> {
  const stops: Stop[] = [];
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    armFailpoints();
    stops.push(await startTracing(name));
    const lost = (await start(stops))?.lost ?? new Promise<never>(() => undefined);
    const ended = await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), lost]);
    const isLost = typeof ended === 'string';
    if (isLost) console.error(`parley: ${ended}`);
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    await stopAll();
    return isLost ? 1 : 0;
  } catch (error) {
    await stopAll();
    console.error(`parley: ${sentence(error)}`);
    return 1;
  }
}

const MENDABLE = [CannotStart, EmbeddedPostgresError, DatabaseUnusable, EventStoreUnusable, StoreReplaced];

/** What a person can mend has a sentence of its own; a bug shows where it happened. */
function sentence(error: unknown): string {
  if (error instanceof InvalidConfig) return `the configuration is not valid: ${error.message}.`;
  if (MENDABLE.some((kind) => error instanceof kind)) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
