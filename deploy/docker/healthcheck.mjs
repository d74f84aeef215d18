// Exit code 0 when the app of this image answers. Live, not ready: a restart mends a process, not the things that it waits for.
import { readFileSync } from 'node:fs';

const { PARLEY_GATEWAY_PORT = '3000', PARLEY_SIMULATOR_PORT = '4010', PARLEY_HEALTH_PORT = '9400' } = process.env;
const doors = {
  standalone: `${PARLEY_GATEWAY_PORT}/health/live`,
  gateway: `${PARLEY_GATEWAY_PORT}/health/live`,
  'provider-simulator': `${PARLEY_SIMULATOR_PORT}/healthz`,
};
const door = doors[readFileSync(new URL('app', import.meta.url), 'utf8')] ?? `${PARLEY_HEALTH_PORT}/health/live`;
fetch(`http://127.0.0.1:${door}`).then(
  ({ ok }) => process.exit(ok ? 0 : 1),
  () => process.exit(1),
);
