import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { text as readAll } from 'node:stream/consumers';
import { CliError } from './cli-error.js';
import { jsonPrinter, type Printer, terminalPrinter } from './printer.js';
import { REPLY_STREAM, type ReplyEvent } from './reply-event.js';
import { Server } from './server.js';

export interface ChatOptions {
  readonly agent?: string;
  readonly conversation?: string;
  readonly json?: boolean;
}

/** For how long, and how often, a lost stream is asked for again: long enough for a server to be started anew. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 500;

const AGENTS = '{ agents(first: 1) { nodes { id name } } }';
const START = 'mutation ($input: StartConversationInput!) { startConversation(input: $input) { conversationId } }';
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { messageId replyId } }';
const STOP = 'mutation ($input: StopReplyInput!) { stopReply(input: $input) { replyId } }';

/** Sends one message and prints its reply; without a message, one after another until the input ends. */
export async function chat(message: string | undefined, options: ChatOptions): Promise<void> {
  const server = new Server();
  const print = options.json ? jsonPrinter() : terminalPrinter();
  const conversationId = options.conversation ?? (await start(server, options.agent));
  print.conversation(conversationId);

  if (message !== undefined) {
    const text = message === '-' ? await readAll(process.stdin) : message;
    if (!(await converse(server, print, conversationId, text))) process.exitCode = 1;
    return;
  }
  const isPrompted = process.stdin.isTTY && !options.json;
  const lines = createInterface({ input: process.stdin, ...(isPrompted && { output: process.stdout, prompt: '> ' }) });
  if (isPrompted) lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== '' && !(await converse(server, print, conversationId, line))) process.exitCode = 1;
    if (isPrompted) lines.prompt();
  }
}

async function start(server: Server, agent?: string): Promise<string> {
  const agentId = agent ?? server.demoAgent() ?? (await server.ask<{ agents: { nodes: { id: string }[] } }>(AGENTS)).agents.nodes[0]?.id;
  if (!agentId) throw new CliError('Your tenant has no agent yet.', 'NO_AGENT', 'Create one with the mutation createAgent.');
  const { startConversation } = await server.ask<{ startConversation: { conversationId: string } }>(START, { input: { agentId } });
  return startConversation.conversationId;
}

/** @returns whether the reply was completed or stopped, not failed */
async function converse(server: Server, print: Printer, conversationId: string, text: string): Promise<boolean> {
  // The id is ours, so that sending again after a lost answer sends once.
  const input = { conversationId, messageId: crypto.randomUUID(), text };
  const { sendMessage } = await insist(() => server.ask<{ sendMessage: { messageId: string; replyId: string } }>(SEND, { input }));
  const { replyId } = sendMessage;
  print.sent(sendMessage.messageId, replyId);

  const stop = () => void server.ask(STOP, { input: { conversationId, replyId } }).catch(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    return await watch(server, print, replyId);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

/** Follows the reply to its end, through lost connections: what came is never printed twice. */
async function watch(server: Server, print: Printer, replyId: string): Promise<boolean> {
  let fromSequence = 0;
  for (let until = Date.now() + PATIENCE_MS; ; await delay(RETRY_MS)) {
    try {
      for await (const { replyStream: event } of server.follow<{ replyStream: ReplyEvent }>(REPLY_STREAM, { replyId, fromSequence }, new AbortController().signal)) {
        until = Date.now() + PATIENCE_MS;
        if (event.__typename === 'ReplyChunk') fromSequence = event.sequence + 1;
        if (event.__typename === 'ReplySnapshot') fromSequence = event.nextSequence;
        print.event(event);
        if (isEnd(event)) return event.__typename !== 'ReplyFailed';
      }
    } catch (error) {
      if (error instanceof CliError && error.code !== 'UNREACHABLE') throw error;
    }
    if (Date.now() > until) throw new CliError('The connection was lost and did not come back.', 'UNREACHABLE', `The reply goes on without us: read it later in the conversation.`);
  }
}

const isEnd = ({ __typename }: ReplyEvent) => __typename === 'ReplyCompleted' || __typename === 'ReplyStopped' || __typename === 'ReplyFailed';

/** Sends again while the server cannot be reached: the outcome is unknown, the ids are the same. */
async function insist<Result>(send: () => Promise<Result>): Promise<Result> {
  for (const until = Date.now() + 10_000; ; await delay(RETRY_MS)) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof CliError && error.code === 'UNREACHABLE') || Date.now() > until) throw error;
    }
  }
}
