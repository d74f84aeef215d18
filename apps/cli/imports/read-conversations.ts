import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { chatgptConversation, fromChatgpt } from './chatgpt.js';
import type { ImportConversation } from './conversation.js';
import { fromLibrechat, librechatConversation } from './librechat.js';
import { fromOpenWebui, openWebuiChat } from './open-webui.js';
import { fromParley, isParleyMarkdown, parleyExport, readMarkdown } from './parley.js';

/** An export that we can read. */
interface Format {
  readonly name: string;
  /** Whether a file claims to be one: then what does not fit is its fault, not a reason to look further. */
  readonly claims: (file: unknown) => boolean;
  readonly schema: z.ZodType<ImportConversation[]>;
}

const listOf = <Shape>(file: Shape | readonly Shape[]): readonly Shape[] => (Array.isArray(file) ? (file as readonly Shape[]) : [file as Shape]);
const first = (file: unknown) => listOf(file)[0];
const has = (...names: readonly string[]) => (file: unknown) => {
  const one = first(file);
  return typeof one === 'object' && one !== null && names.every((name) => name in one);
};
const oneOrMany = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(listOf, z.array(schema));

/** One more is a file beside these and a line here. */
const FORMATS: readonly Format[] = [
  { name: 'Parley', claims: has('format', 'conversations'), schema: parleyExport.transform(({ conversations }) => conversations.map(fromParley)) },
  { name: 'ChatGPT', claims: has('mapping'), schema: oneOrMany(chatgptConversation).transform((all) => all.map(fromChatgpt)) },
  { name: 'Open WebUI', claims: has('id', 'chat'), schema: oneOrMany(openWebuiChat).transform((all) => all.map(fromOpenWebui)) },
  { name: 'LibreChat', claims: has('conversationId'), schema: oneOrMany(librechatConversation).transform((all) => all.map(fromLibrechat)) },
];

/**
 * The conversations of an exported file, whoever exported it.
 *
 * @throws CliError in one sentence
 */
export function readConversations(name: string, text: string): { readonly format: string; readonly conversations: readonly ImportConversation[] } {
  const file = parsed(name, text);
  const format = FORMATS.find(({ claims }) => claims(file));
  if (!format) throw new CliError(`${name} is not an export that Parley knows.`, 'IMPORT_UNKNOWN', `It reads those of ${FORMATS.map((each) => each.name).join(', ')}.`);
  const { data, error } = format.schema.safeParse(file);
  if (data) return { format: format.name, conversations: data };
  const [issue] = error.issues;
  throw new CliError(`${name} looks like an export of ${format.name}, but cannot be read: ${issue?.path.join('.') || 'the file'}: ${issue?.message}.`, 'IMPORT_INVALID', 'Export it again; nothing was imported.');
}

function parsed(name: string, text: string): unknown {
  try {
    return isParleyMarkdown(text) ? readMarkdown(text) : (JSON.parse(text.replace(/^\uFEFF/, '')) as unknown);
  } catch (error) {
    throw new CliError(`${name} was cut or is damaged: ${(error as Error).message.slice(0, 200)}.`, 'IMPORT_INVALID', 'Export it again; nothing was imported.', { cause: error });
  }
}
