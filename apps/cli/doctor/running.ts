import { setTimeout as delay } from 'node:timers/promises';
import { environment } from '@parley/platform/config/config.js';
import { CliError } from '../cli-error.js';
import { STATUS, type Status } from '../projections.js';
import { Server } from '../server.js';
import { serverUrl } from '../settings.js';
import { compareClocks, type Report } from './report.js';

const PATIENCE_MS = 5_000;

/** How long we watch whether a projection that is behind comes nearer. */
const WATCH_MS = 1_500;

interface Health {
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly details?: Readonly<Record<string, unknown>> }>>;
}

/** The Parley that runs, where one does: what it says of itself, and how far its tables are. */
export async function lookAtServer(report: Report): Promise<void> {
  const url = serverUrl();
  const before = Date.now();
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
  if (!response) {
    if (environment()['PARLEY_URL']) report.wrong('server', `No Parley answers at ${url}.`, 'Start it, or set PARLEY_URL right.');
    else report.ok('server', `No Parley runs at ${url}.`);
    return;
  }
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) compareClocks(report, `the server at ${url}`, date, [before, Date.now()], 1_000);
  const health = (await response.json().catch(() => undefined)) as Partial<Health> | undefined;
  if (!health?.checks) return report.wrong('server', `What answers at ${url} is no Parley.`, 'Another program has its port: set PARLEY_GATEWAY_PORT to a free one, or PARLEY_URL to where Parley is.');
  const ill = Object.entries(health.checks).filter(([, { status }]) => status !== 'up');
  for (const [name, { status, details }] of ill) report.wrong('server', `The server at ${url} says that ${name} is ${status}${details ? ` (${JSON.stringify(details)})` : ''}.`);
  if (ill.length === 0) report.ok('server', `Parley answers at ${url}, and has all that it needs.`);
  await lookAtProjections(report);
}

async function lookAtProjections(report: Report): Promise<void> {
  const server = new Server();
  const status = async () => (await server.ask<{ projections: readonly Status[] }>(STATUS)).projections;
  const all = await status().catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    report.warning('projections', `How far they are is not told: ${error.message}`, 'Sign in as platform-admin: npx parley login.');
    return [];
  });
  for (const { projection, parked } of all) {
    const [first] = parked;
    if (first) report.wrong('projections', `${projection} waits at ${parked.length} parked ${parked.length === 1 ? 'fact' : 'facts'}, the first of them ${first.type ?? 'unknown'} ${first.eventId}: ${first.reason}.`, `Mend the cause, then: npx parley projections retry ${projection}`);
  }
  const behind = all.filter(({ lag, isRebuilding }) => lag !== '0' && !isRebuilding);
  if (behind.length > 0) {
    await delay(WATCH_MS);
    const now = new Map((await status()).map((each) => [each.projection, each]));
    for (const { projection, position } of behind) {
      const later = now.get(projection);
      if (!later || later.lag === '0') continue;
      if (later.position === position) report.wrong('projections', `${projection} is ${later.lag} facts behind and stands still.`, 'Is its process (projector, or reactors in command) running? Its log says what it waits for.');
      else report.warning('projections', `${projection} is ${later.lag} facts behind, and comes nearer.`);
    }
  }
  if (all.length > 0 && !report.findings.some(({ about }) => about === 'projections')) report.ok('projections', `All ${all.length} have what the log has.`);
}
