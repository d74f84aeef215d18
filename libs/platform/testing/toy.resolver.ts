import { setTimeout as sleep } from 'node:timers/promises';
import { defineError } from '@parley/kernel/domain-error.js';
import { Args, ArgsType, Field, ID, InputType, Int, Mutation, ObjectType, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { IsUUID, Length } from 'class-validator';
import { type CallerIdentity, CurrentCaller, Public, Requires } from '../graphql-kit/caller.js';
import { connect, Connection, ConnectionArgs, type ConnectionOf, page } from '../graphql-kit/connection.js';
import { type MutationRequest, Requests } from '../graphql-kit/requests.js';
import { abortable } from '../graphql-kit/live/abortable.js';

export class ToyBroken extends defineError('TOY_BROKEN', 'conflict', 'The toy is broken.', 'Take another one.') {}
export class ToyBusy extends defineError('TOY_BUSY', 'unavailable', 'The toy is busy.', 'Wait.') {}

@ObjectType()
export class Toy {
  @Field(() => ID) id: string;
  @Field() name: string;
}

@ObjectType()
class ToyConnection extends Connection(Toy) {}

@InputType()
class MakeToyInput {
  @Field(() => ID, { nullable: true }) toyId?: string;
  @Field() @Length(1, 10) name: string;
  @Field(() => ID) @IsUUID() boxId: string;
  @Field(() => String, { nullable: true }) idempotencyKey?: string;
}

@ObjectType()
class MakeToyPayload {
  @Field(() => ID) toyId: string;
  @Field() commandId: string;
  @Field() correlationId: string;
}

@ArgsType()
class CountArgs {
  @Field(() => Int) to: number;
  @Field(() => Int, { defaultValue: 0 }) size: number;
}

const TOYS = Array.from({ length: 120 }, (_, index) => ({ id: `toy-${String(index).padStart(3, '0')}`, name: `Toy ${index}` }));

/** Generators of `forever` that have ended: a reader that left is let go. */
export const ended = { forever: 0 };

/** A little of everything that a real resolver does, and of what goes wrong. */
@Resolver(() => Toy)
export class ToyResolver {
  @Query(() => Toy)
  toy(): Toy {
    return TOYS[0] as Toy;
  }

  @Query(() => ToyConnection)
  toys(@Args() args: ConnectionArgs): ConnectionOf<Toy> {
    const { limit, isBackward, after, before } = page(args, 1);
    const between = TOYS.filter(({ id }) => (!after || id > String(after[0])) && (!before || id < String(before[0])));
    return connect((isBackward ? between.reverse() : between).slice(0, limit), args, ({ id }) => [id]);
  }

  @ResolveField(() => Toy)
  friend(): Toy {
    return TOYS[1] as Toy;
  }

  @ResolveField(() => ToyConnection)
  friends(@Args() args: ConnectionArgs): ConnectionOf<Toy> {
    return connect(TOYS.slice(0, page(args, 1).limit), args, ({ id }) => [id]);
  }

  @Query(() => String)
  whoAmI(@CurrentCaller() { tenantId, personId }: CallerIdentity): string {
    return `${tenantId}/${personId}`;
  }

  @Public()
  @Query(() => String)
  openDoor(): string {
    return 'open';
  }

  @Requires('platform-admin')
  @Query(() => String)
  backRoom(): string {
    return 'welcome';
  }

  @Query(() => String)
  broken(@Args('how') how: string): string {
    if (how === 'refused') throw new ToyBroken({ part: 'wheel' });
    if (how === 'busy') throw new ToyBusy({ retryAfterMs: 1_500 });
    if (how === 'down') throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
    if (how === 'database') throw Object.assign(new Error('duplicate key value violates "toys_pkey" in select * from toys'), { detail: 'Key (name)=(Anna)' });
    throw new TypeError(`cannot read /srv/app/secret.ts of ${how}`);
  }

  @Query(() => Int, { name: 'count' })
  countWords(@Args('words', { type: () => [String] }) words: string[]): number {
    return words.length;
  }

  @Query(() => String)
  nothing(): string {
    return null as unknown as string; // what a bug answers
  }

  @Mutation(() => MakeToyPayload)
  makeToy(@Args('input') input: MakeToyInput, @CurrentCaller() caller: CallerIdentity, @Requests() request: MutationRequest): MakeToyPayload {
    const meta = request.meta(caller, input.idempotencyKey);
    return { toyId: request.newId(meta, 'toy', input.toyId), commandId: meta.commandId, correlationId: meta.correlationId };
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  async *count(@Args() { to, size }: CountArgs): AsyncGenerator<string> {
    for (let n = 1; n <= to; n++) {
      yield `${n}${'.'.repeat(size)}`;
      await sleep(0);
    }
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  forever(): AsyncGenerator<string, void> {
    return abortable((signal) => begunThenSilent(signal));
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  async *breaking(): AsyncGenerator<string> {
    yield 'one';
    throw new Error('select * from secrets at /srv/app/toy.ts');
  }
}

async function* begunThenSilent(signal: AbortSignal): AsyncGenerator<string, void> {
  try {
    yield 'begun';
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    ended.forever++;
  }
}
