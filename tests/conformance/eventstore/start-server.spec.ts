import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { END, EventStoreDBClient, jsonEvent, NO_STREAM, StreamDeletedError } from '@eventstore/db-client';
import { type ConformanceServer, type ServerOptions, startConformanceServer } from './start-server.ts';

// What only this server has: its file, its doors, and where it is stricter than the real one.

const folder = mkdtempSync(join(tmpdir(), 'parley-conformance-'));
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(options: ServerOptions = {}, connection: (server: ConformanceServer) => string = ({ url }) => url) {
  const server = await startConformanceServer(options);
  const client = EventStoreDBClient.connectionString(connection(server));
  cleanUp.push(() => server.close(), () => client.dispose());
  return { server, client };
}

const event = (type = 'Said') => jsonEvent({ type, data: {} });
async function typesIn(client: EventStoreDBClient, stream: string) {
  const found: string[] = [];
  for await (const each of client.readStream(stream)) found.push(each.event!.type);
  return found;
}

describe('the file of the conformance server', () => {
  it('holds all that was answered, metadata and deletes too, in the same places', async () => {
    const file = join(folder, 'kept.jsonl');
    const first = await startConformanceServer({ file });
    const client = EventStoreDBClient.connectionString(first.url);
    const { position } = await client.appendToStream('kept', [event('A'), event('B'), event('C')]);
    await client.setStreamMetadata('kept', { maxCount: 2 });
    await client.appendToStream('ended', event());
    await client.tombstoneStream('ended');
    await client.dispose();
    await first.close();

    const again = await start({ file });
    expect(await typesIn(again.client, 'kept')).toEqual(['B', 'C']);
    for await (const each of again.client.readAll({ fromPosition: position!, maxCount: 1 })) expect(each.event!.type).toBe('C');
    await expect(typesIn(again.client, 'ended')).rejects.toThrow(StreamDeletedError);
    expect(await again.client.appendToStream('kept', event('D'), { expectedRevision: 2n })).toMatchObject({ nextExpectedRevision: 3n });
  });

  it('may end in half a write, which is none', async () => {
    const file = join(folder, 'torn.jsonl');
    const first = await startConformanceServer({ file });
    const client = EventStoreDBClient.connectionString(first.url);
    await client.appendToStream('torn', event('Whole'));
    await client.dispose();
    await first.close();
    const whole = join(folder, 'whole.jsonl');
    copyFileSync(file, whole);
    appendFileSync(file, '[{"id":"half');

    const again = await start({ file });
    expect(await typesIn(again.client, 'torn')).toEqual(['Whole']);
    await again.client.appendToStream('torn', event('Next'), { expectedRevision: 0n });
    expect(readFileSync(file, 'utf8').startsWith(readFileSync(whole, 'utf8'))).toBe(true);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  });
});

describe('the doors of the conformance server', () => {
  it('tell a client of the cluster of one where to go', async () => {
    const { client } = await start({}, ({ port }) => `esdb+discover://127.0.0.1:${port}?tls=false`);
    expect(await client.appendToStream('gossip', event(), { expectedRevision: NO_STREAM })).toMatchObject({ success: true });
  });

  it('let a client append call by call where batches are not listed', async () => {
    const { client } = await start({ batchAppend: false });
    expect(await client.appendToStream('calls', event(), { expectedRevision: NO_STREAM })).toMatchObject({ success: true });
    expect(await client.appendToStream('calls', event(), { expectedRevision: 0n })).toMatchObject({ nextExpectedRevision: 1n });
  });

  it('speak TLS, to those who know their certificate', async () => {
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', ...subject, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
    const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
    const { client, server } = await start({ tls }, ({ port }) => `esdb://admin:changeit@127.0.0.1:${port}?tls=true&tlsCAFile=${encodeURIComponent(certFile)}`);
    expect(await client.appendToStream('sealed', event(), { expectedRevision: NO_STREAM })).toMatchObject({ success: true });
    const stranger = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${server.port}?tls=true&defaultDeadline=2000`);
    await expect(stranger.appendToStream('sealed', event())).rejects.toThrow();
    await stranger.dispose();
  });

  it('refuse a position at which no event begins: it is of another log', async () => {
    const { client } = await start();
    const { position } = await client.appendToStream('strict', [event(), event()]);
    const fromPosition = { commit: position!.commit - 1n, prepare: position!.prepare - 1n };
    const reading = (async () => {
      for await (const each of client.readAll({ fromPosition })) expect(each).toBeUndefined();
    })();
    await expect(reading).rejects.toThrow('invalid position');
    for await (const each of client.readAll({ fromPosition: END })) expect(each).toBeUndefined();
  });
});
