import type { Command } from '@parley/kernel/command.js';
import type { Decider } from '@parley/kernel/decider.js';
import type { Event } from '@parley/kernel/event.js';
import { CommandHandling } from '../cqrs/command-handling.js';
import { CommandSender } from '../cqrs/command-sender.js';
import { IdempotencyGuard } from '../cqrs/idempotency-guard.js';
import type { IdempotencyKeys } from '../cqrs/idempotency-keys.js';
import { MemoryIdempotencyKeys } from '../cqrs/memory.idempotency-keys.js';
import { StreamStates } from '../cqrs/stream-states.js';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import type { EventStore } from '../event-store/event-store.js';
import type { KeyStore } from '../key-store/key-store.js';
import { MasterKey } from '../key-store/master-key.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { Opener } from '../personal-data/opener.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { SystemRandom } from '../random/random.js';
import { masterKey } from './database.js';

export interface CommandSideParts {
  readonly store: EventStore;
  readonly keyStore: KeyStore;
  readonly idempotencyKeys: IdempotencyKeys;
}

/** The command side of a process, in memory unless a part is given. Two with the same parts are two processes. */
export function commandSide({ store = new MemoryEventStore(), keyStore = new MemoryKeyStore(), idempotencyKeys = new MemoryIdempotencyKeys() }: Partial<CommandSideParts> = {}) {
  const keys = new PersonKeys(keyStore);
  const codec = new Codec(keys, new SystemRandom());
  const states = new StreamStates(store, codec);
  const handling = new CommandHandling(store, codec, states, new IdempotencyGuard(idempotencyKeys, new MasterKey(masterKey)));
  return { store, keyStore, idempotencyKeys, keys, codec, opener: new Opener(keys), states, handling };
}

/** Sends commands straight to the deciders, as the bus would by `handlersFor`. */
export class DeciderSender extends CommandSender {
  private readonly byType = new Map<string, Decider<unknown, Command, Event>>();

  /** @param deciders any; the compiler cannot know which states and commands they are about */
  constructor(private readonly handling: CommandHandling, ...deciders: readonly { readonly commands: object }[]) {
    super();
    for (const decider of deciders) for (const type of Object.keys(decider.commands)) this.byType.set(type, decider as Decider<unknown, Command, Event>);
  }

  async execute<Answer>(command: object): Promise<Answer> {
    const asked = command as Command;
    return (await this.handling.handle(this.byType.get(asked.type)!, asked)) as Answer;
  }
}
