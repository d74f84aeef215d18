import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { failpoint } from '../failpoints/failpoints.js';
import { logger } from '../telemetry/logger.js';
import { type Answered, Commands, type DispatchCall } from './commands.proto.js';
import { certificatesOf, type DispatchSettings } from './dispatch.config.js';
import { toStatus } from './refusal-wire.js';
import { toWire } from './wire-json.js';

const log = logger('dispatch');

/** Longest wait, when we stop, for commands that are being decided. */
const DRAIN_MS = 10_000;

/** Names of what `grpc.health.v1` tells about: the process, and its one service. */
const SERVICES = ['', 'parley.v1.Commands'] as const;

/** @param handle decides a command, named by its type, from its fields */
export type Handle = (type: string, fields: object) => Promise<unknown>;

/** The door of the command side: gRPC `parley.v1.Commands` and `grpc.health.v1.Health`. */
export class DispatchServer {
  private readonly server = new Server({ 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 3_000 });
  private readonly health = new HealthImplementation(Object.fromEntries(SERVICES.map((name) => [name, 'NOT_SERVING' as const])));

  constructor(private readonly handle: Handle, private readonly settings: DispatchSettings) {
    this.server.addService(Commands.service, { Dispatch: (call: DispatchCall, answered: Answered) => void this.dispatch(call, answered) });
    this.health.addToServer(this.server);
  }

  /** @returns the port that it listens on. @throws InvalidConfig; Error when the port is taken */
  async listen(): Promise<number> {
    const { PARLEY_COMMAND_HOST: host, PARLEY_COMMAND_PORT: wanted } = this.settings;
    const certificates = certificatesOf(this.settings);
    if (!certificates && !isLoopback(host)) log.warn('dispatch.open', { host, hint: 'whoever reaches this port may act for anyone: set PARLEY_COMMAND_TLS_*_FILE, or keep it within a closed network' });
    const door = certificates
      ? ServerCredentials.createSsl(certificates.authority, [{ cert_chain: certificates.certificate, private_key: certificates.key }], true)
      : ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(`${host}:${wanted}`, door, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    for (const name of SERVICES) this.health.setStatus(name, 'SERVING');
    return port;
  }

  /** Takes no new commands, and ends those that are being decided. */
  async stop(): Promise<void> {
    for (const name of SERVICES) this.health.setStatus(name, 'NOT_SERVING');
    const late = setTimeout(() => this.server.forceShutdown(), DRAIN_MS);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(late);
  }

  private async dispatch({ request: { type, commandJson } }: DispatchCall, answered: Answered): Promise<void> {
    try {
      await failpoint('s2.received');
      const answerJson = toWire(await this.handle(type, JSON.parse(commandJson) as object));
      await failpoint('s4.before_answer');
      answered(null, { answerJson });
    } catch (error) {
      const told = toStatus(error);
      if (!told.metadata) log.error('dispatch.failed', { type, error: error as Error });
      answered(told);
    }
  }
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');
