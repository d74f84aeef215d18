import type { WrittenConversation, WrittenMessage } from './written-conversation.js';

/** A conversation, and what was said in it as it comes. */
export interface Told {
  readonly conversation: WrittenConversation;
  readonly messages: () => AsyncIterable<WrittenMessage>;
}

/** How a file of conversations is written. */
export interface ConversationFormat {
  readonly contentType: string;
  readonly extension: string;
  write(conversations: AsyncIterable<Told>, exportedAt: string): AsyncGenerator<string, void>;
}

/** For programs: one object a line, so that it can be read by eye too. The last line closes it: a file that was cut is no JSON. */
const json: ConversationFormat = {
  contentType: 'application/json; charset=utf-8',
  extension: 'json',
  async *write(conversations, exportedAt) {
    yield `{"format":"parley-conversations","version":1,"exportedAt":${JSON.stringify(exportedAt)},"conversations":[`;
    let [next, nextMessage] = ['\n', '\n'];
    for await (const { conversation, messages } of conversations) {
      yield `${next}${JSON.stringify(conversation).slice(0, -1)},"messages":[`;
      nextMessage = '\n  ';
      for await (const message of messages()) {
        yield `${nextMessage}${JSON.stringify(message)}`;
        nextMessage = ',\n  ';
      }
      yield ']}';
      next = ',\n';
    }
    yield '\n]}\n';
  },
};

/** For people. What a program needs to read it back stands in comments, which no viewer shows. */
const markdown: ConversationFormat = {
  contentType: 'text/markdown; charset=utf-8',
  extension: 'md',
  async *write(conversations, exportedAt) {
    yield `<!-- parley:conversations ${comment({ version: 1, exportedAt })} -->`;
    for await (const { conversation, messages } of conversations) {
      yield section(`# ${heading(conversation.title ?? 'Untitled')}`, 'conversation', conversation, '');
      for await (const { text, replies, ...message } of messages()) {
        yield section(`## You, ${message.at}`, 'message', message, text);
        for (const { text: answer, ...reply } of replies) yield section(`## ${heading(reply.model || 'Agent')}, ${reply.at}`, 'reply', reply, answer);
      }
    }
    yield '\n\n<!-- parley:end -->\n';
  },
};

export const conversationFormats = { json, markdown } as const;
export type ConversationFormatName = keyof typeof conversationFormats;

const section = (title: string, kind: string, about: object, text: string) => `\n\n${title}\n\n<!-- parley:${kind} ${comment(about)} -->\n\n${escaped(text)}`;

/** Within a comment no `-->` and no `--` may stand. */
const comment = (about: object) => JSON.stringify(about).replaceAll('-', '\\u002d').replaceAll('>', '\\u003e');

const heading = (text: string) => text.replaceAll(/\s+/g, ' ');

/** What somebody wrote that looks like one of our comments gets a backslash, and so does what looks like that. */
const escaped = (text: string) => text.replaceAll(/^(\\*<!-- parley:)/gm, '\\$1');
