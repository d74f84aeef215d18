import type { Orders } from './orders.js';

/** What a call says, whatever its wire. */
export interface Prompt {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  readonly maxTokens: number | null;
}

/** The answer: the same for the same prompt. */
export interface Reply {
  /** Joined they are the text. */
  readonly tokens: readonly string[];
  readonly thoughts: readonly string[];
  readonly isCutShort: boolean;
  readonly usage: Usage;
}

/** A token is a word here. Classes do not overlap; each wire adds them up in its own way. */
export interface Usage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

/** Longest part of a message that is said back, in code points. */
const ECHO_LIMIT = 2_000;

const THOUGHTS = tokensOf('A simulator has nothing to think about; it counts these words as thought.');

/** Says plainly what it is, and gives back what it was told: so a reader can see which message went in. */
export function replyTo(prompt: Prompt, orders: Orders): Reply {
  const wanted = lengthened(tokensOf(sentence(prompt)), orders.tokens);
  const tokens = wanted.slice(0, prompt.maxTokens ?? wanted.length);
  const thoughts = orders.reasons ? THOUGHTS : [];
  return {
    tokens,
    thoughts,
    isCutShort: tokens.length < wanted.length,
    usage: { ...inputOf(prompt), output: tokens.length, reasoning: thoughts.length },
  };
}

function sentence({ messages }: Prompt): string {
  const said = [...(messages.at(-1)?.text ?? '')];
  const echo = said.length > ECHO_LIMIT ? `${said.slice(0, ECHO_LIMIT).join('')}…` : said.join('');
  return `I am the provider simulator of Parley, not a model: nothing here was thought. You said: "${echo}". That was message ${messages.length} of this conversation.`;
}

function lengthened(tokens: readonly string[], length: number | null): readonly string[] {
  if (length === null) return tokens;
  return Array.from({ length }, (_, index) => tokens[index] ?? ` word-${index + 1}`);
}

/** Everything before the last message was sent before, so it counts as cached, as it would be at a real provider. */
function inputOf({ system, messages }: Prompt): Pick<Usage, 'input' | 'cached'> {
  const last = messages.at(-1);
  const earlier = messages.slice(0, -1);
  const before = tokensOf(system).length + earlier.reduce((sum, { text }) => sum + tokensOf(text).length, 0);
  const now = last ? tokensOf(last.text).length : 0;
  return earlier.length > 0 ? { input: now, cached: before } : { input: before + now, cached: 0 };
}

function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? [];
}
