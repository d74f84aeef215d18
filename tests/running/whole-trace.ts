import type { CollectedSpan, Collector } from './collector.js';
import type { Person } from './person.js';

const PATIENCE_MS = 20_000;

export const CANARY = 'canary-in-a-message';

/** What a trace of one message must have at the least, each with what it goes on from. */
const CHAIN = [
  ['HTTP POST', undefined],
  ['WebSocket operation', undefined],
  ['command SendMessage', 'HTTP POST'],
  ['append', 'command SendMessage'],
  ['project MessageSent', 'command SendMessage'],
  ['react inference.answer-message', 'command SendMessage'],
  ['command StartGeneration', 'react inference.answer-message'],
  ['project GenerationStarted', 'command StartGeneration'],
  ['generate', 'command StartGeneration'],
  ['chat simulator', 'generate'],
  ['command CompleteGeneration', 'generate'],
] as const;

/** Sends one message within a trace of the client's own, and reads the whole trace. @returns its spans, and what is missing in it */
export async function traceOfMessage(person: Person, collector: Collector): Promise<{ readonly spans: readonly CollectedSpan[]; readonly missing: readonly string[] }> {
  const conversationId = await person.startConversation(await person.createAgent());
  const traceId = crypto.randomUUID().replaceAll('-', '');
  const root = '00f067aa0ba902b7';
  person.headers = { traceparent: `00-${traceId}-${root}-01` };
  const { replyId } = await person.send(conversationId, CANARY);
  await person.watch(replyId);
  person.headers = {};
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    const missing = CHAIN.filter(([name, cause]) => !spans.some((span) => span.name === name && goesOnFrom(span, cause, spans, root))).map(([name, cause]) => `${name} from ${cause}`);
    if (missing.length === 0 || Date.now() > until) return { spans, missing };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What lies between, such as the way to another process, may be there or not. */
function goesOnFrom(span: CollectedSpan, cause: string | undefined, spans: readonly CollectedSpan[], root: string): boolean {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  if (!parent) return cause === undefined && span.parentSpanId === root;
  return parent.name === cause || goesOnFrom(parent, cause, spans, root);
}
