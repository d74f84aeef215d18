import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCall, type Serving } from './answer-call.js';
import { Calls, type Call } from './calls.js';
import { MODELS } from './orders.js';
import { anthropicWire } from './anthropic.wire.js';
import { openaiWire } from './openai.wire.js';
import type { Wire } from './wire.js';

export interface SimulatorSettings {
  /** 0 (default): any free one. */
  readonly port?: number;
  /** Default: this machine alone. */
  readonly host?: string;
  /** Time before the first token, and between tokens. Default 0. */
  readonly firstTokenMs?: number;
  readonly tokenMs?: number;
  /** Keep the calls and show them at `GET /__calls`. Default false: they hold what people said. */
  readonly recordCalls?: boolean;
}

export interface ProviderSimulator {
  /** `http://host:port`. OpenAI's base URL is `<url>/v1`, Anthropic's is `<url>`. */
  readonly url: string;
  calls(): readonly Call[];
  /** Ends what is under way, too. */
  close(): Promise<void>;
}

/**
 * Starts the provider simulator.
 *
 * @throws Error of node:net when the port is taken
 */
export async function startProviderSimulator(settings: SimulatorSettings = {}): Promise<ProviderSimulator> {
  const stopping = new AbortController();
  const calls = new Calls(settings.recordCalls ?? false);
  const serving: Serving = {
    firstTokenMs: settings.firstTokenMs ?? 0,
    tokenMs: settings.tokenMs ?? 0,
    calls,
    strikes: new Map(),
    stopping: stopping.signal,
  };
  const server = createServer((req, res) => void route(req, res, serving, settings.recordCalls ?? false));
  const { host = '127.0.0.1', port = 0 } = settings;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    calls: () => calls.list,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        stopping.abort();
        server.closeAllConnections();
      }),
  };
}

/** One line a format. */
const WIRES: readonly Wire[] = [openaiWire, anthropicWire];

async function route(req: IncomingMessage, res: ServerResponse, serving: Serving, showsCalls: boolean): Promise<void> {
  const { pathname } = new URL(req.url ?? '/', 'http://simulator');
  const wire = WIRES.find(({ path }) => path === pathname);
  if (wire && req.method === 'POST') return answerCall(req, res, wire, serving);
  if (wire) return json(res, 405, wire.error(405, 'use POST'));
  if (req.method === 'GET' && pathname === '/healthz') return json(res, 200, { status: 'ok' });
  if (req.method === 'GET' && pathname === '/v1/models') return json(res, 200, speaksAnthropic(req) ? anthropicModels : openaiModels);
  if (req.method === 'GET' && pathname === '/__calls' && showsCalls) return json(res, 200, serving.calls.list);
  return json(res, 404, (speaksAnthropic(req) ? anthropicWire : openaiWire).error(404, `the simulator has no ${pathname}`));
}

/** Both have `/v1/models`; only Anthropic's callers send a version. */
const speaksAnthropic = (req: IncomingMessage) => req.headers['anthropic-version'] !== undefined;

const openaiModels = { object: 'list', data: MODELS.map((id) => ({ id, object: 'model', created: 1_735_689_600, owned_by: 'parley' })) };

const anthropicModels = {
  data: MODELS.map((id) => ({ type: 'model', id, display_name: `Simulator ${id}`, created_at: '2025-01-01T00:00:00Z' })),
  has_more: false,
  first_id: MODELS[0],
  last_id: MODELS.at(-1),
};

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
