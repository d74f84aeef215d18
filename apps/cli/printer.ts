import type { ReplyEvent } from './reply-event.js';

/** How a conversation is shown. */
export interface Printer {
  conversation(conversationId: string): void;
  sent(messageId: string, replyId: string): void;
  event(event: ReplyEvent): void;
}

/** One JSON object a line. */
export function jsonPrinter(): Printer {
  const line = (object: object) => console.log(JSON.stringify(object));
  return {
    conversation: (conversationId) => line({ type: 'conversation', conversationId }),
    sent: (messageId, replyId) => line({ type: 'sent', messageId, replyId }),
    event: ({ __typename, ...fields }) => line({ type: __typename.replace('Reply', '').toLowerCase(), ...fields }),
  };
}

/** The reply to stdout as it comes; all else to stderr, so that a pipe holds the reply alone. */
export function terminalPrinter(): Printer {
  const shown = { attempt: 1, text: '' };
  const aside = (text: string) => process.stderr.write(process.stderr.isTTY ? `\u001b[2m${text}\u001b[0m\n` : `${text}\n`);

  const begin = (attempt: number) => {
    if (attempt === shown.attempt) return;
    if (shown.text !== '') aside(`\nThe reply starts anew (attempt ${attempt}).`);
    Object.assign(shown, { attempt, text: '' });
  };
  /** Shows the whole text; of what stands there already only the rest. */
  const upTo = (attempt: number, text: string) => {
    begin(attempt);
    if (!text.startsWith(shown.text)) {
      aside('\nThe reply in full:');
      shown.text = '';
    }
    process.stdout.write(text.slice(shown.text.length));
    shown.text = text;
  };

  return {
    conversation: () => Object.assign(shown, { attempt: 1, text: '' }),
    sent: () => Object.assign(shown, { attempt: 1, text: '' }),
    event(event) {
      if (event.__typename === 'ReplyChunk') {
        begin(event.attempt);
        shown.text += event.text;
        process.stdout.write(event.text);
        return;
      }
      upTo(event.attempt, event.text);
      if (event.__typename === 'ReplySnapshot') return;
      process.stdout.write('\n');
      if (event.__typename === 'ReplyFailed') aside(`The reply failed: ${event.failureReason}.`);
      if (event.__typename === 'ReplyStopped') aside('Stopped.');
      const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = event.usage;
      const tokens = `${inputTokens + cachedInputTokens} tokens in, ${outputTokens + reasoningTokens} out`;
      aside(`${event.provider}/${event.model}, ${tokens}, $${(Number(event.costMicroUsd) / 1e6).toFixed(6)}, ${(event.latencyMs / 1_000).toFixed(1)} s`);
    },
  };
}
