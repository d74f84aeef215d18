import { rmSync, writeFileSync } from 'node:fs';
import { startEmbeddedPostgres } from '../../libs/platform/postgres/embedded-postgres.js';

/** Runs the embedded PostgreSQL until asked to end. Arguments: its folder, the file for its URL, a port or nothing. */
const [dataDir, urlFile, port] = process.argv.slice(2) as [string, string, string?];
const server = await startEmbeddedPostgres({ dataDir, settings: port ? { port } : {} });
const url = new URL(server.url);
if (port) url.port = port;
writeFileSync(urlFile, `${url.href}\n`, { mode: 0o600 });

const end = async () => {
  rmSync(urlFile, { force: true });
  await server.stop();
};
process.once('SIGTERM', () => void end());
process.once('SIGINT', () => void end());
await server.exited;
