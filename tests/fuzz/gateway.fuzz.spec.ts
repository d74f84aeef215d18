import { jest } from '@jest/globals';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { discardDataDirs, type Parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';
import { type Operation, operationsOf, readSchema } from '../running/schema.js';

jest.setTimeout(400_000);

const SEED = Number(process.env['PARLEY_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const DOCUMENTS = 10_000;
const FRAMES = 1_000;

let parley: Parley;
let ada: Person;
let operations: Operation[];
beforeAll(async () => {
  console.log(`fuzz: PARLEY_FUZZ_SEED=${SEED}`);
  parley = await startParley({ env: { PARLEY_LOG_LEVEL: 'error' } });
  ada = await Person.register(parley.url);
  // Sign-ins and registrations hash passwords: hostile words for them are tried by specs of their own, not ten thousand times.
  operations = operationsOf(await readSchema(parley.url)).filter(({ kind, name }) => kind !== 'subscription' && !/^(register|signIn|signOut)$/.test(name));
});
afterAll(async () => {
  await parley.stop();
  discardDataDirs();
});

const hostile = fc.oneof(
  fc.constantFrom<unknown>('', ' ', '\0', '\ud800', 'a'.repeat(50_000), "'; drop table parley.events; --", '../../etc/passwd', '%00', '{"$ne":1}', '__proto__', '\u202e', '𝒳'.repeat(100)),
  fc.constantFrom<unknown>(0, -1, 1e308, -1e308, 2 ** 31, 2 ** 53, 0.1, true, false, null, [], {}, [[[]]], { constructor: { prototype: {} } }),
  ...[fc.uuid(), fc.string({ unit: 'binary' }), fc.double(), fc.jsonValue()],
);

/** Variables of the right shape with hostile values in it. */
const hostileVariables = ({ inputs }: Operation) =>
  fc.array(hostile, { minLength: inputs.length, maxLength: inputs.length }).map((values) => {
    const variables: Record<string, unknown> = {};
    inputs.forEach(({ path }, index) => {
      let at = variables;
      for (const step of path.slice(0, -1)) at = (at[step] ??= {}) as Record<string, unknown>;
      at[path.at(-1)!] = values[index];
    });
    return variables;
  });

/** A document with something cut out, doubled or put in. */
const mutilated = (document: string) =>
  fc.tuple(fc.nat(document.length), fc.nat(20), fc.oneof(fc.string(), fc.constantFrom('{', '}', '@include(if: true)', '...X', '"""', '$', '#', '__schema{types{name}}', 'a: '.repeat(30), '{a'.repeat(200)))).map(
    ([at, cut, put]) => document.slice(0, at) + put + document.slice(at + cut),
  );

/** What a request's body holds, as text. */
const bodies = () =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...operations).chain((each) => hostileVariables(each).map((variables) => JSON.stringify({ query: each.document, variables }))) },
    { weight: 4, arbitrary: fc.constantFrom(...operations).chain(({ document }) => mutilated(document)).map((query) => JSON.stringify({ query })) },
    { weight: 2, arbitrary: fc.record({ query: fc.oneof(fc.string(), fc.jsonValue()), variables: fc.jsonValue(), operationName: fc.jsonValue(), extensions: fc.jsonValue() }, { requiredKeys: [] }).map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: fc.string() },
  );

const LEAKS = [/\n\s+at .+\(/, /node_modules/, /\/(libs|apps|dist)\//, /\b(select|insert into|update)\b.+\b(from|values|set)\b.+\$\d/i, /parley\.(events|person_keys)/];

it(`${DOCUMENTS} documents and variables: no 5xx, no stack trace, a code in every error, and it still answers`, async () => {
  const all = fc.sample(bodies(), { numRuns: DOCUMENTS, seed: SEED });
  const wrong: string[] = [];
  let next = 0;
  const sender = async () => {
    while (next < all.length) {
      const index = next++;
      const headers = { 'content-type': 'application/json', ...(index % 4 > 0 && { authorization: `Bearer ${ada.accessToken}` }) };
      const response = await fetch(`${parley.url}/graphql`, { method: 'POST', headers, body: all[index]! });
      const text = await response.text();
      const problem = problemOf(response.status, text);
      if (problem) wrong.push(`${problem}\n  asked: ${all[index]!.slice(0, 600)}\n  got: ${text.slice(0, 400)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, sender));
  expect(wrong).toEqual([]);
  await stillChats();
});

function problemOf(status: number, text: string): string | undefined {
  if (status >= 500) return `status ${status}`;
  let body: { errors?: { message: string; extensions?: { code?: string } }[] };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return 'no JSON';
  }
  for (const { extensions, message } of body.errors ?? []) {
    if (!extensions?.code) return 'an error without a code';
    if (extensions.code === 'INTERNAL') return 'an error that is a bug of ours';
    // What a client sent may be quoted back to it in GraphQL's own messages; nothing else may look like this.
    if (LEAKS.some((leak) => leak.test(message)) && !/Syntax Error|Variable|Cannot query/.test(message)) return 'a leak';
  }
  return undefined;
}

it(`${FRAMES} WebSocket frames: no answer that says more than it should, and it still answers`, async () => {
  const said = fc.oneof(
    fc.constantFrom('{"type":"ping"}', '{"type":"pong"}', '{"type":"complete","id":"1"}', '{"type":"connection_init"}', '{"type":"subscribe"}', '[]', 'null', '{', ''),
    fc.record({ type: fc.constantFrom('connection_init', 'subscribe', 'complete', 'next', 'error', 'x'), id: fc.oneof(fc.string(), fc.jsonValue()), payload: fc.jsonValue() }, { requiredKeys: ['type'] }).map((frame) => JSON.stringify(frame)),
    bodies().map((body) => `{"type":"subscribe","id":"1","payload":${body}}`),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
    fc.constant('x'.repeat(100_000)),
  );
  const frames = fc.sample(said, { numRuns: FRAMES, seed: SEED });
  const heard: string[] = [];
  for (let at = 0; at < frames.length; ) {
    const socket = new WebSocket(`${parley.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('error', () => undefined); // the server may end it in the middle of a frame
    socket.on('message', (data: Buffer) => heard.push(data.toString()));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await new Promise<void>((resolve) => (socket.once('open', () => resolve()), void closed.then(resolve)));
    if (at % 2 === 0) socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${ada.accessToken}` } }));
    // A few a connection: one bad frame ends it, and the next ones need a new one.
    let sent = 0;
    for (; sent < 5 && socket.readyState === WebSocket.OPEN && at < frames.length; sent++, at++) {
      socket.send(frames[at]!);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    if (sent === 0) throw new Error('the server lets no socket in');
    socket.terminate();
    await closed;
  }
  expect(heard.filter((text) => LEAKS.slice(0, 3).some((leak) => leak.test(text)))).toEqual([]);
  await stillChats();
  expect(parley.output()).not.toContain('unhandled');
});

/** A whole chat, as if nothing had happened. */
async function stillChats(): Promise<void> {
  const grace = await Person.register(parley.url);
  const { replyId } = await grace.send(await grace.startConversation(await grace.createAgent()), 'Still there?');
  expect((await grace.watch(replyId)).at(-1)!.__typename).toBe('ReplyCompleted');
}
