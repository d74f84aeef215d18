import { setTimeout as delay } from 'node:timers/promises';
import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { defineError } from '@parley/kernel/domain-error.js';
import type { Meta } from '@parley/kernel/meta.js';
import { CommandSender } from '../cqrs/command-sender.js';
import { Commands, type DispatchRequest, type DispatchResponse } from './commands.proto.js';
import { failpoint } from '../failpoints/failpoints.js';
import { fromHere, traced } from '../telemetry/tracing.js';
import { certificatesOf, type DispatchSettings } from './dispatch.config.js';
import { refusalIn } from './refusal-wire.js';
import { fromWire } from './wire-json.js';

/** The command side did not answer in time. */
export class CommandSideUnavailable extends defineError(
  'COMMAND_SIDE_UNAVAILABLE',
  'unavailable',
  'Changes cannot be taken in at present.',
  'Send the same request again, with the same idempotency key: it takes effect once.',
) {}

/** Whether the command landed is open; sent again with the same ids, it takes effect once. */
const OPEN: readonly status[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.UNKNOWN, status.ABORTED];

const RETRY_MS = 50;
const RETRY_MAX_MS = 1_000;

/** The connection is asked for a sign of life, or a server that hangs would be waited for on every command anew. */
const CHANNEL = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

type Dispatch = Client & {
  Dispatch(request: DispatchRequest, options: { readonly deadline: number }, answered: (error: ServiceError | null, answer?: DispatchResponse) => void): void;
};

/** Commands to another process, which decides them. */
export class GrpcCommandSender extends CommandSender {
  private readonly client: Dispatch;

  constructor(private readonly settings: DispatchSettings) {
    super();
    const certificates = certificatesOf(settings);
    const channel = certificates ? credentials.createSsl(certificates.authority, certificates.key, certificates.certificate) : credentials.createInsecure();
    this.client = new Commands(settings.PARLEY_COMMAND_URL, channel, CHANNEL) as unknown as Dispatch;
  }

  execute<Answer>(command: object & { readonly meta?: Meta }): Promise<Answer> {
    const { name } = command.constructor;
    return traced(`dispatch ${name}`, { traceparent: command.meta?.traceparent, kind: 'client' }, () =>
      this.dispatch(name, { ...command, type: undefined, ...(command.meta && { meta: fromHere(command.meta) }) }),
    );
  }

  /** A command by its name and fields, from where its class is not known. @throws as `send` */
  async dispatch<Answer>(type: string, fields: object): Promise<Answer> {
    const request = { type, commandJson: JSON.stringify(fields) };
    await failpoint('s1.before_dispatch');
    const until = Date.now() + this.settings.PARLEY_COMMAND_PATIENCE_MS;
    for (let pause = RETRY_MS; ; pause = Math.min(pause * 2, RETRY_MAX_MS)) {
      try {
        const { answerJson } = await this.call(request);
        await failpoint('s4.after_dispatch');
        return fromWire(answerJson) as Answer;
      } catch (error) {
        const refusal = refusalIn(error as ServiceError);
        if (refusal) throw refusal;
        if (!OPEN.includes((error as ServiceError).code)) throw new Error(`the command side failed at ${request.type}: ${(error as ServiceError).code}`, { cause: error });
        if (Date.now() + pause > until) throw new CommandSideUnavailable({ retryAfterMs: RETRY_MAX_MS }, { cause: error });
      }
      await delay(pause);
    }
  }

  /** Whether the command side can be reached. */
  isUp(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => this.client.waitForReady(Date.now() + timeoutMs, (error) => resolve(!error)));
  }

  close(): void {
    this.client.close();
  }

  private call(request: DispatchRequest): Promise<DispatchResponse> {
    const deadline = Date.now() + this.settings.PARLEY_COMMAND_DEADLINE_MS;
    return new Promise((resolve, reject) => this.client.Dispatch(request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer!))));
  }
}
