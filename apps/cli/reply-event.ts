interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

interface Settled {
  readonly replyId: string;
  readonly attempt: number;
  readonly text: string;
  readonly provider: string;
  readonly model: string;
  readonly usage: Usage;
  readonly costMicroUsd: string | number;
  readonly latencyMs: number;
}

/** What a reply's stream says. */
export type ReplyEvent =
  | { readonly __typename: 'ReplyChunk'; readonly attempt: number; readonly sequence: number; readonly text: string }
  | { readonly __typename: 'ReplySnapshot'; readonly attempt: number; readonly text: string; readonly nextSequence: number }
  | ({ readonly __typename: 'ReplyCompleted'; readonly finishReason: string } & Settled)
  | ({ readonly __typename: 'ReplyStopped' } & Settled)
  | ({ readonly __typename: 'ReplyFailed'; readonly failureReason: string } & Settled);

const SETTLED = 'replyId attempt text provider model usage { inputTokens cachedInputTokens outputTokens reasoningTokens } costMicroUsd latencyMs';

export const REPLY_STREAM = `subscription ($replyId: ID!, $fromSequence: Int!) {
  replyStream(replyId: $replyId, fromSequence: $fromSequence) {
    __typename
    ... on ReplyChunk { attempt sequence text }
    ... on ReplySnapshot { attempt text nextSequence }
    ... on ReplyCompleted { finishReason ${SETTLED} }
    ... on ReplyStopped { ${SETTLED} }
    ... on ReplyFailed { failureReason ${SETTLED} }
  }
}`;
