import { once } from 'node:events';
import WebSocket from 'ws';

/** Told to a process, so that its inspector can be asked. It listens on loopback, at a free port, and says where. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

const LONGEST_MS = 9_000;

/**
 * What a process holds on to: its JavaScript heap after a full collection, MiB. What is used before one says as much about when V8 last collected.
 *
 * @param output what the process printed
 * @throws Error when its inspector does not answer
 */
export async function liveHeapMiB(output: string): Promise<number> {
  const url = [...output.matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1];
  if (!url) throw new Error('it was not started with an inspector');
  const socket = new WebSocket(url, { handshakeTimeout: LONGEST_MS });
  try {
    await once(socket, 'open', { signal: AbortSignal.timeout(LONGEST_MS) });
    await ask(socket, 'HeapProfiler.collectGarbage');
    return (await ask<{ usedSize: number }>(socket, 'Runtime.getHeapUsage')).usedSize / 2 ** 20;
  } finally {
    socket.close();
  }
}

async function ask<Answer>(socket: WebSocket, method: string): Promise<Answer> {
  socket.send(JSON.stringify({ id: 1, method }));
  const [said] = (await once(socket, 'message', { signal: AbortSignal.timeout(LONGEST_MS) })) as [Buffer];
  const { result, error } = JSON.parse(said.toString()) as { result?: Answer; error?: { message: string } };
  if (!result) throw new Error(`${method}: ${error?.message ?? said.toString()}`);
  return result;
}
