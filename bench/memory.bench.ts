import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'graphql-ws';
import { BenchPerson, watch } from './client.js';
import { openCommandSide } from './parley.js';
import { figure, type Line, stated } from './report.js';
import { startServer } from './server.js';
import { residentMiB, type Standalone, startSimulator, startStandalone } from './standalone.js';
import { fill, talks } from './talks.js';

const TALKS = 10_000;
const STEP = 100_000;
const STEPS = 3;
const [PEOPLE, SOCKETS, STREAMS] = [5, 10, 20];
/** A token a second, for longer than anybody looks. */
const SLOW = 'sim-1-tokens-3000-first-ms-0-ms-1000';

/** What Parley in one process holds, after its garbage is collected: whether it grows with the log, and what open subscriptions cost. */
export async function memoryBench(): Promise<Line[]> {
  const server = (await startServer())!;
  const simulator = await startSimulator();
  const url = await server.newDatabase('parley');
  const parley = await startStandalone(url, simulator.url);
  await delay(3_000);
  const held = async (what: string) => {
    const resident = await residentMiB(parley);
    return stated(`memory, ${what}`, `${resident === undefined ? '?' : figure(resident)} MiB resident`, `${figure(await usedMiB(parley))} MiB of JavaScript in use`);
  };
  const lines = [await held('idle')];

  const writer = await openCommandSide(url); // another process that writes to the same log
  const all = talks(TALKS);
  for (let step = 1; step <= STEPS; step++) {
    await fill(writer, all, STEP, 'renamed');
    await caughtUp(parley, (await writer.store.head()));
    lines.push(await held(`after ${(step * STEP).toLocaleString('en')} facts that it projected and followed`));
  }
  await writer.close();

  const sockets = await subscribe(parley);
  lines.push(await held(`then with ${(PEOPLE * SOCKETS * STREAMS).toLocaleString('en')} open subscriptions on ${PEOPLE * SOCKETS} sockets, each told a chunk a second`));
  for (const socket of sockets) await socket.dispose();
  await delay(2_000);
  lines.push(await held('after they left'));
  await parley.stop();
  await simulator.stop();
  await server.stop();
  return lines;
}

async function subscribe({ url }: Standalone): Promise<Client[]> {
  const sockets: Client[] = [];
  let heard = 0;
  for (let n = 0; n < PEOPLE; n++) {
    const person = await BenchPerson.register(url);
    const conversationId = await person.startConversation(await person.createAgent(SLOW));
    const { replyId } = await person.mutate<{ replyId: string }>('sendMessage', 'replyId', { conversationId, text: 'Talk to me.' });
    for (let socket = 0; socket < SOCKETS; socket++) {
      const client = person.socket();
      sockets.push(client);
      for (let stream = 0; stream < STREAMS; stream++) {
        let isFirst = true;
        const seen = () => {
          if (isFirst) heard += 1;
          isFirst = false;
        };
        watch(client, replyId, seen).catch(() => undefined); // cut at the end
      }
    }
  }
  for (const until = Date.now() + 30_000; heard < PEOPLE * SOCKETS * STREAMS; await delay(100)) {
    if (Date.now() > until) throw new Error(`only ${heard} subscriptions heard anything`);
  }
  return sockets;
}

/** What the process's objects take, by its own count. */
async function usedMiB({ url }: Standalone): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics)![1]) / 2 ** 20;
}

/** Waits until every projection has taken in the log. */
async function caughtUp({ url }: Standalone, head: bigint): Promise<void> {
  for (const until = Date.now() + 300_000; ; await delay(500)) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const lags = [...metrics.matchAll(/^parley_projection_lag\{.*\} (\d+)/gm)].map(([, lag]) => Number(lag));
    if (lags.length > 0 && lags.every((lag) => lag === 0)) return;
    if (Date.now() > until) throw new Error(`the projections did not get to ${head}: ${lags.join(', ')}`);
  }
}
