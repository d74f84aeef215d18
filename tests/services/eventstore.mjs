// EventStoreDB's protocol, by the conformance server of the tests: a test tool, in memory. The real server runs in compose.
import { answers, freePort, launch } from './service.mjs';
import { typescript } from './typescript.mjs';

export const eventstore = {
  /** It comes with the packages. */
  install() {},

  async up() {
    const port = Number(process.env.PARLEY_EVENTSTORE_PORT) || (process.env.PARLEY_SERVICES_PORTS === 'free' ? await freePort() : 12113);
    const facts = { port, url: `esdb://127.0.0.1:${port}?tls=false` };
    return launch('eventstore', { ...typescript('tests/conformance/main.ts', [`${port}`]), port, facts, isReady: () => answers(port) });
  },
};
