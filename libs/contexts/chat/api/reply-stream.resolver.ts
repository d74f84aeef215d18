import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import type { LiveSource } from '@parley/platform/graphql-kit/live/live-source.js';
import { Args, Resolver, Subscription } from '@nestjs/graphql';
import { ReplyEvent, ReplyStreamArgs } from './reply-stream.types.js';
import { ReplyStreams } from './reply-streams.js';

/** A reply as it is made. */
@Resolver()
export class ReplyStreamResolver {
  constructor(private readonly streams: ReplyStreams) {}

  @Subscription(() => ReplyEvent, {
    resolve: (event: ReplyEvent) => event,
    description:
      'The text of a reply to you as it comes, and how it ended; then it closes. Come back with `fromSequence` after a lost connection. The reply is made whether anyone watches or not.',
  })
  replyStream(
    @Args() { replyId, fromSequence }: ReplyStreamArgs,
    @CurrentCaller() { tenantId, personId }: CallerIdentity,
  ): LiveSource<ReplyEvent> {
    return this.streams.watch({ tenantId, personId, replyId: replyId.toLowerCase(), fromSequence });
  }
}
