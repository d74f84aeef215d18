import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startConformanceServer } from './start-server.ts';

// node tests/conformance/eventstore/main.ts --port 2113 --file log.jsonl [--host 127.0.0.1] [--tls-key key.pem --tls-cert cert.pem]
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '2113' },
    host: { type: 'string', default: '127.0.0.1' },
    file: { type: 'string' },
    'tls-key': { type: 'string' },
    'tls-cert': { type: 'string' },
  },
});
const { port, host, file, 'tls-key': key, 'tls-cert': cert } = values;

const server = await startConformanceServer({
  port: Number(port),
  host,
  ...(file !== undefined && { file }),
  ...(key !== undefined && cert !== undefined && { tls: { key: readFileSync(key), cert: readFileSync(cert) } }),
});
console.log(`The conformance server is ready at ${server.url}. It speaks EventStoreDB's protocol for tests: it is no database.`);

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await server.close();
process.exit(0);
