import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { CliError } from './cli-error.js';
import type { ImportConversation } from './imports/conversation.js';
import { readConversations } from './imports/read-conversations.js';
import { Server } from './server.js';
import { writeWhole } from './whole-file.js';

export interface ExportConversationsOptions {
  readonly format: string;
  readonly out?: string;
}

export interface ImportOptions {
  readonly agent?: string;
  readonly json?: boolean;
}

interface Imported {
  readonly isNew: boolean;
  readonly messages: number;
}

const AGENTS = '{ agents(first: 1) { nodes { id } } }';
const TYPE = 'application/vnd.parley.conversation+json';
const EXTENSIONS: Readonly<Record<string, string>> = { json: 'json', markdown: 'md' };

/** All conversations of the person who is signed in, as a file that `parley import` takes back. */
export async function exportConversations({ format, out }: ExportConversationsOptions): Promise<void> {
  const extension = EXTENSIONS[format];
  if (!extension) throw new CliError(`There is no format ${format}.`, 'CLI', `Use one of ${Object.keys(EXTENSIONS).join(', ')}.`);
  const content = new Server().download(`/conversations/export?format=${format}`);
  if (out === '-') for await (const part of content) process.stdout.write(part);
  else {
    const file = out ?? `parley-conversations.${extension}`;
    await writeWhole(file, content, async () => undefined);
    console.log(`Your conversations are in ${file}.`);
  }
}

/** Takes in the conversations of an export. What is there already stays as it is. */
export async function importConversations(file: string, { agent, json }: ImportOptions): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} cannot be read (${error.code}).`, 'CLI', undefined, { cause: error });
  });
  const { format, conversations } = readConversations(basename(file), text);
  const server = new Server();
  const agentId = agent ?? server.demoAgent() ?? (await server.ask<{ agents: { nodes: { id: string }[] } }>(AGENTS)).agents.nodes[0]?.id;
  if (!agentId) throw new CliError('Your tenant has no agent yet that the conversations could go on with.', 'NO_AGENT', 'Create one with the mutation createAgent.');

  const count = { imported: 0, known: 0, failed: 0, messages: 0 };
  for (const conversation of conversations) {
    const outcome = await importOne(server, conversation, agentId);
    if (outcome instanceof CliError) {
      count.failed++;
      console.error(`Not imported: ${conversation.title ?? conversation.id}: ${outcome.message}`);
      continue;
    }
    count[outcome.isNew ? 'imported' : 'known']++;
    count.messages += outcome.messages;
  }
  if (json) console.log(JSON.stringify({ format, ...count }));
  else console.log(`${conversations.length} conversations of ${format}, ${count.messages} messages: ${count.imported} imported, ${count.known} were there already, ${count.failed} could not be imported.`);
  if (count.failed > 0) process.exitCode = 1;
}

/** @returns why not, where that is of this conversation alone */
async function importOne(server: Server, conversation: ImportConversation, agentId: string): Promise<Imported | CliError> {
  try {
    return await server.upload<Imported>('/conversations/import', TYPE, JSON.stringify({ ...conversation, agentId }));
  } catch (error) {
    if (error instanceof CliError && error.code !== 'UNREACHABLE' && error.code !== 'UNAUTHENTICATED' && error.code !== 'FORBIDDEN' && error.code !== 'CHAT_AGENT_NOT_FOUND') return error;
    throw error;
  }
}
