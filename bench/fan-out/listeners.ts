import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { median } from '../measure.js';
import { newRun, type Order, replyIdOf, type Spoken } from './speak.js';

const QUERY = 'subscription ($replyId: ID!) { replyStream(replyId: $replyId) { __typename ... on ReplyChunk { replyId attempt sequence text } ... on ReplyCompleted { text } } }';

/** Longest wait for what was said. */
const PATIENCE_MS = 20_000;

/** What a round of a server's speaking was. */
export interface Round {
  /** Of the server's processor time, for one token to one listener. */
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One who listens, and notes each token: none may be missing, none may come twice. */
class Listener {
  private next = -1;
  readonly heard: { number: number; micros: number }[] = [];

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.take(data.toString('latin1')));
  }

  get last(): number {
    return this.next - 1;
  }

  private take(frame: string): void {
    const now = Number(process.hrtime.bigint() / 1_000n);
    for (const [, number, saidAt] of frame.matchAll(/(\d+)@(\d+);/g)) {
      if (this.next >= 0 && Number(number) !== this.next) throw new Error(`token ${number} came in place of ${this.next}`);
      this.next = Number(number) + 1;
      this.heard.push({ number: Number(number), micros: now - Number(saidAt) });
    }
  }
}

/** A server of the fan-out in a process of its own, with all who listen to it in this one. */
export class Audience {
  private constructor(private readonly child: ChildProcess, private readonly replies: number, private readonly listeners: readonly Listener[]) {}

  /** @param args of the server @param replies that it speaks; the listeners share them evenly */
  static async gather(server: string, args: readonly string[], replies: number, count: number): Promise<Audience> {
    const run = newRun();
    const child = fork(join(process.cwd(), `dist/bench/fan-out/${server}.js`), [run, ...args], { env: { PATH: process.env['PATH'], NODE_ENV: 'production' }, execArgv: ['--max-semi-space-size=32', ...profiled(server)] });
    process.once('exit', () => child.kill());
    const { port, token = '' } = await started(child);
    const listeners: Listener[] = [];
    for (let index = 0; index < count; index++) listeners.push(await listen(port, token, replyIdOf(index % replies, run)));
    return new Audience(child, replies, listeners);
  }

  /** @throws Error when a token was lost, or came twice */
  async hear(ms: number): Promise<Round> {
    for (const { heard } of this.listeners) heard.length = 0;
    const { from, to } = await this.ask<Spoken>({ replies: this.replies, ms });
    for (const until = Date.now() + PATIENCE_MS; this.listeners.some(({ last }) => last < to - 1); await new Promise((resolve) => setTimeout(resolve, 5))) {
      if (Date.now() > until) throw new Error(`of ${this.listeners.length} listeners ${this.listeners.filter(({ last }) => last < to - 1).length} miss what came up to token ${to}`);
    }
    const { cpuMs } = await this.ask<{ cpuMs: number }>('how much?');
    const micros = this.listeners.flatMap(({ heard }) => heard.filter(({ number }) => number >= from).map((token) => token.micros)).toSorted((a, b) => a - b);
    return { cpuMicros: (cpuMs * 1_000) / micros.length, p50Ms: median(micros) / 1_000, p99Ms: micros[Math.floor(micros.length * 0.99)]! / 1_000 };
  }

  leave(): void {
    for (const { socket } of this.listeners) socket.terminate();
    this.child.disconnect();
  }

  private ask<Answer>(order: Order): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.child.once('message', resolve));
    this.child.send(order);
    return answer;
  }
}

/** `PARLEY_BENCH_PROFILE=parley` writes where that server's time goes into bench/results. */
const profiled = (server: string) => (process.env['PARLEY_BENCH_PROFILE'] === server ? ['--cpu-prof', '--cpu-prof-dir=bench/results'] : []);

function started(child: ChildProcess): Promise<{ port: number; token?: string }> {
  return new Promise((resolve, reject) => {
    let said: { token?: string } = {};
    child.on('message', (message: { port?: number; token?: string }) => {
      said = { ...said, ...message };
      if (message.port !== undefined) resolve(said as { port: number });
    });
    child.once('exit', (code) => reject(new Error(`a server of the fan-out ended with ${code}`)));
  });
}

async function listen(port: number, token: string, replyId: string): Promise<Listener> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: { replyId } } }));
  return new Listener(socket);
}
