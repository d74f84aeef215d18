// EventStoreDB's protocol, by the conformance server of the tests: a test tool. Its log is a file. The real server runs in compose.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../running/free-port.js';
import { answers, folderOf, launch } from './service.mjs';
import { typescript } from './typescript.mjs';

export const eventstore = {
  /** It comes with the packages. */
  install() {},

  async up() {
    const port = Number(process.env.PARLEY_EVENTSTORE_PORT) || (process.env.PARLEY_SERVICES_PORTS === 'free' ? await freePort() : 12113);
    const facts = { port, url: `esdb://127.0.0.1:${port}?tls=false` };
    mkdirSync(folderOf('eventstore'), { recursive: true, mode: 0o700 });
    const args = ['--port', `${port}`, '--file', join(folderOf('eventstore'), 'log.jsonl')];
    return launch('eventstore', { ...typescript('tests/conformance/eventstore/main.ts', args), port, facts, isReady: () => answers(port) });
  },
};
