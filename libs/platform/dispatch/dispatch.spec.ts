import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { defineCommand } from '@parley/kernel/command.js';
import { defineError } from '@parley/kernel/domain-error.js';
import { InvalidConfig } from '@parley/platform/config/config.js';
import { z } from 'zod';
import { capturedLog } from '../testing/captured-log.js';
import { meta } from '../testing/meta.js';
import { Commands } from './commands.proto.js';
import { dispatchConfig } from './dispatch.config.js';
import { DispatchServer, type Handle } from './dispatch.server.js';
import { CommandSideUnavailable, GrpcCommandSender } from './grpc.command-sender.js';

class Greet extends defineCommand('Greet', z.object({ whom: z.string() })) {}
class DoorShut extends defineError('SPEC_DOOR_SHUT', 'conflict', 'The door is shut — zu, 閉.', 'Knock.') {}

const receipt = { stream: 'spec.door-1', revision: 3n, position: 9_007_199_254_740_993n, repeated: false };
const settings = (env: Record<string, string> = {}) => dispatchConfig.read({ PARLEY_COMMAND_PORT: '0', PARLEY_COMMAND_DEADLINE_MS: '400', PARLEY_COMMAND_PATIENCE_MS: '1500', ...env });

const stops: (() => unknown)[] = [];
beforeAll(() => void capturedLog());
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A command side with this handler, and one who sends to it. */
async function door(handle: Handle, env: Record<string, string> = {}) {
  const server = new DispatchServer(handle, settings(env));
  const port = await server.listen();
  stops.push(() => server.stop());
  return { server, port, sender: senderTo(`ipv4:127.0.0.1:${port}`, env) };
}

function senderTo(url: string, env: Record<string, string> = {}): GrpcCommandSender {
  const sender = new GrpcCommandSender(settings({ PARLEY_COMMAND_URL: url, ...env }));
  stops.push(() => sender.close());
  return sender;
}

const greet = new Greet({ whom: 'you' }, meta);

describe('a command between processes', () => {
  it('arrives with its data and metadata, and its receipt comes back', async () => {
    const seen: unknown[] = [];
    const { sender } = await door(async (type, fields) => {
      seen.push([type, fields]);
      return receipt;
    });
    expect(await sender.send(greet)).toEqual(receipt);
    expect(seen).toEqual([['Greet', { data: { whom: 'you' }, meta }]]);
  });

  it('is refused there as it would be here: code, kind, text, hint and details', async () => {
    const { sender } = await door(async () => {
      throw new DoorShut({ since: 'noon' });
    });
    const refused = await sender.send(greet).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SPEC_DOOR_SHUT', kind: 'conflict', message: 'The door is shut — zu, 閉.', hint: 'Knock.', details: { since: 'noon' } });
  });

  it('fails without a word of what failed, when it is a bug', async () => {
    let calls = 0;
    const { sender } = await door(async () => {
      calls++;
      throw new Error('duplicate key value: (text)=(what a person wrote)');
    });
    const error = await sender.send(greet).then(() => undefined, (thrown: Error) => thrown);
    expect(error).toBeDefined();
    expect(`${error?.message} ${String(error?.cause)}`).not.toContain('person wrote');
    expect(calls).toBe(1);
  });

  it('is sent again, the same, when no answer came in time', async () => {
    const seen: object[] = [];
    const { sender } = await door(async (_, fields) => {
      seen.push(fields);
      if (seen.length === 1) await new Promise((resolve) => setTimeout(resolve, 700));
      return receipt;
    });
    expect(await sender.send(greet)).toEqual(receipt);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
  });

  it('waits for a command side that is away, and tells the caller to come back when it stays away', async () => {
    const { server, port, sender } = await door(async () => receipt);
    await server.stop();
    const back = setTimeout(() => {
      const again = new DispatchServer(async () => receipt, settings({ PARLEY_COMMAND_PORT: `${port}` }));
      stops.push(() => again.stop());
      void again.listen();
    }, 300);
    expect(await sender.send(greet)).toEqual(receipt);
    clearTimeout(back);
    await expect(senderTo('ipv4:127.0.0.1:1').send(greet)).rejects.toThrow(CommandSideUnavailable);
  });

  it('takes effect through a connection that is cut before the answer', async () => {
    let calls = 0;
    const { port } = await door(async () => ({ ...receipt, repeated: ++calls > 1 }));
    const proxy = await cuttingProxy(port, 1);
    expect(await senderTo(`ipv4:127.0.0.1:${proxy}`).send(greet)).toMatchObject({ position: receipt.position });
    expect(calls).toBeGreaterThanOrEqual(1);
  });

  it('ends before its server does', async () => {
    const { server, sender } = await door(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return receipt;
    });
    const sent = sender.send(greet);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.stop();
    expect(await sent).toEqual(receipt);
  });

  it('knows when its command side is there', async () => {
    const { server, sender } = await door(async () => receipt);
    expect(await sender.isUp(1_000)).toBe(true);
    await server.stop();
    expect(await senderTo('ipv4:127.0.0.1:1').isUp(200)).toBe(false);
  });
});

describe('mutual TLS at the door', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const env = (name: string) => ({
    PARLEY_COMMAND_TLS_CA_FILE: file(`${name}-ca.pem`),
    PARLEY_COMMAND_TLS_CERT_FILE: file(`${name}.pem`),
    PARLEY_COMMAND_TLS_KEY_FILE: file(`${name}.key`),
  });

  beforeAll(() => {
    for (const name of ['ours', 'foreign']) {
      openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name} authority`, '-keyout', `${name}-ca.key`, '-out', `${name}-ca.pem`);
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=parley', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', `${name}.key`, '-out', `${name}.csr`);
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${name}-ca.pem`, '-CAkey', `${name}-ca.key`, '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', `${name}.pem`);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lets those in who have a certificate of the same authority', async () => {
    const { sender } = await door(async () => receipt, env('ours'));
    expect(await sender.send(greet)).toEqual(receipt);
  });

  it('lets nobody in who has another, or none', async () => {
    const { port } = await door(async () => receipt, env('ours'));
    await expect(senderTo(`ipv4:127.0.0.1:${port}`, env('foreign')).send(greet)).rejects.toThrow(CommandSideUnavailable);
    await expect(senderTo(`ipv4:127.0.0.1:${port}`).send(greet)).rejects.toThrow(CommandSideUnavailable);
    await expect(senderTo(`ipv4:127.0.0.1:${port}`, { ...env('foreign'), PARLEY_COMMAND_TLS_CA_FILE: file('ours-ca.pem') }).send(greet)).rejects.toThrow(CommandSideUnavailable);
  });

  it('is all of it or none of it', () => {
    expect(() => senderTo('ipv4:127.0.0.1:1', { ...env('ours'), PARLEY_COMMAND_TLS_KEY_FILE: '' })).toThrow(InvalidConfig);
    expect(() => senderTo('ipv4:127.0.0.1:1', { ...env('ours'), PARLEY_COMMAND_TLS_KEY_FILE: file('nowhere') })).toThrow(/PARLEY_COMMAND_TLS_KEY_FILE: .* cannot be read \(ENOENT\)/);
  });
});

it('tells the health of the process by grpc.health.v1', async () => {
  const { server, port } = await door(async () => receipt);
  const { service } = await import('grpc-health-check');
  const { makeClientConstructor } = await import('@grpc/grpc-js');
  const Health = makeClientConstructor(service, 'grpc.health.v1.Health');
  const client = new Health(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as { check(request: object, answered: (error: Error | null, answer?: { status: string }) => void): void; close(): void };
  const status = () => new Promise((resolve, reject) => client.check({ service: 'parley.v1.Commands' }, (error, answer) => (error ? reject(error) : resolve(answer?.status))));
  expect(await status()).toBe('SERVING');
  client.close();
  await server.stop();
  expect(Object.keys(Commands.service)).toEqual(['Dispatch']);
});

/** Forwards to a port; the first connections are cut as soon as the server says something. */
async function cuttingProxy(port: number, cuts: number): Promise<number> {
  const sockets = new Set<Socket>();
  let left = cuts;
  const proxy: Server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    client.pipe(upstream);
    let heard = 0;
    upstream.on('data', (data) => {
      heard += data.length;
      if (heard > 60 && left > 0) {
        left--;
        client.destroy();
        upstream.destroy();
      } else client.write(data);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => proxy.close(resolve));
  });
  return (proxy.address() as AddressInfo).port;
}
