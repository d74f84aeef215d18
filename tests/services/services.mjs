// The services that Parley can run on, brought up without Docker: on loopback, as root or not, each ended only by who started it.
import { rmSync } from 'node:fs';
import { eventstore } from './eventstore.mjs';
import { kafka } from './kafka.mjs';
import { postgres } from './postgres.mjs';
import { redis } from './redis.mjs';
import { alone, end, folderOf, running, ServiceError } from './service.mjs';

export { ServiceError } from './service.mjs';

const services = { kafka, redis, postgres, eventstore };

export const SERVICES = Object.keys(services);

/** @returns what was started now, by name; what was up already is left out */
export const up = (names) =>
  alone(async () => {
    const started = {};
    try {
      for (const name of known(names)) if (!running(name)) started[name] = await services[name].up();
    } catch (error) {
      for (const name of Object.keys(started)) await end(name); // all that was asked for, or nothing
      throw error;
    }
    return started;
  });

/** @returns the pids of what ended now, by name */
export const down = (names) =>
  alone(async () => {
    const ended = {};
    for (const name of known(names)) ended[name] = await end(name);
    return ended;
  });

/** Ends services and forgets their data. */
export const reset = async (names) => {
  const ended = await down(names);
  for (const name of names) rmSync(folderOf(name), { recursive: true, force: true });
  return ended;
};

/** What runs, by name, with its pid and where it is. */
export const status = (names) => Object.fromEntries(known(names).map((name) => [name, running(name)]));

/** Fetches what the services need and the system lacks. */
export const install = (names) => void known(names).forEach((name) => services[name].install());

function known(names) {
  for (const name of names) if (!Object.hasOwn(services, name)) throw new ServiceError(`there is no service ${name}; there are ${SERVICES.join(', ')}`);
  return names;
}
