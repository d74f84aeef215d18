// services up|down|status|reset|install [--json] [kafka] [redis] [postgres] [eventstore]
import { down, install, reset, ServiceError, SERVICES, status, up } from './services.mjs';

const USAGE = `usage: script/services up|down|status|reset|install [--json] [${SERVICES.join('] [')}]
  up       starts them on loopback and waits until they are ready; what runs already stays as it is
  down     ends what up started, and nothing else
  status   says what runs and where; exit code 3 when one does not
  reset    down, and their data is gone
  install  fetches what they need, so that up works without a network
without names: kafka and redis. Data, logs and pids are in .services (PARLEY_SERVICES_DIR).
Ports: PARLEY_KAFKA_PORT (19092; its controller has the next), PARLEY_REDIS_PORT (16379), PARLEY_EVENTSTORE_PORT (12113), PARLEY_POSTGRES_PORT (any).`;

const [command, ...rest] = process.argv.slice(2);
const isJson = rest.includes('--json');
const asked = rest.filter((word) => word !== '--json');
const names = asked.length > 0 ? asked : ['kafka', 'redis'];
const place = ({ url, urlFile, pid }) => `${url ?? `URL in ${urlFile}`}, pid ${pid}`;

const commands = {
  async up() {
    const started = await up(names);
    tell((name, note) => `${name}: ${started[name] ? 'up' : 'already up'}, ${place(note)}`);
  },
  async down() {
    for (const [name, pid] of Object.entries(await down(names))) console.log(`${name}: ${pid ? `stopped, was pid ${pid}` : 'down'}`);
  },
  async status() {
    tell((name, note) => `${name}: ${note ? `up, ${place(note)}` : 'down'}`);
    if (Object.values(status(names)).includes(undefined)) process.exitCode = 3;
  },
  async reset() {
    await reset(names);
  },
  async install() {
    install(names);
  },
};

/** To a person line by line, to a program as one object. */
function tell(line) {
  const all = status(names);
  if (isJson) console.log(JSON.stringify(all));
  else for (const [name, note] of Object.entries(all)) console.log(line(name, note));
}

try {
  if (!Object.hasOwn(commands, command ?? '')) throw new ServiceError(USAGE);
  await commands[command]();
} catch (error) {
  if (!(error instanceof ServiceError)) throw error;
  console.error(error.message === USAGE ? USAGE : `services: ${error.message}`);
  process.exitCode = 1;
}
