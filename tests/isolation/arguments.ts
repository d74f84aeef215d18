import type { Operation, OperationInput } from '../running/schema.js';

/** What a person has of each kind of thing that an id can name. */
export interface Belongings {
  readonly agent: string;
  readonly conversation: string;
  readonly message: string;
  readonly reply: string;
  /** Another member of the tenant. */
  readonly person: string;
  readonly tenant: string;
}

/**
 * What an id names: by its place in the operation, else by its name. `new` is an id that the client chooses for what it creates;
 * `fact` is known to platform administrators alone.
 */
const ID_NAMES: Readonly<Record<string, keyof Belongings | 'new' | 'fact'>> = {
  'agent.id': 'agent',
  'conversation.id': 'conversation',
  'reply.id': 'reply',
  'createAgent.agentId': 'new',
  'startConversation.conversationId': 'new',
  'sendMessage.messageId': 'new',
  'addMember.personId': 'new',
  agentId: 'agent',
  conversationId: 'conversation',
  messageId: 'message',
  replyId: 'reply',
  personId: 'person',
  tenantId: 'tenant',
  eventId: 'fact',
};

/** Values of what is not an id, by name; a function makes a new one each time. What is optional and not here is left out. */
const VALUES: Readonly<Record<string, unknown>> = {
  kind: 'CONVERSATIONS',
  email: () => `${crypto.randomUUID()}@example.org`,
  first: 3,
  fromDay: '2025-01-01',
  fromSequence: 0,
  groupBy: ['DAY', 'AGENT', 'PERSON'],
  includeArchived: true,
  instructions: 'Be brief.',
  model: 'sim-1',
  name: 'Renamed',
  password: 'four words drawn by chance',
  projection: 'chat.replies',
  provider: 'simulator',
  reason: 'A proof.',
  role: 'MEMBER',
  table: 'chat.conversations',
  text: 'Hello.',
  period: 'WEEK',
  title: 'Renamed',
  toDay: '2026-12-31',
  version: 1,
};

/** @throws Error that says what to add here for an operation that the tables do not know */
export function whatIsNamed({ name }: Operation, { path }: OperationInput): keyof Belongings | 'new' | 'fact' {
  const last = path.at(-1)!;
  const named = ID_NAMES[`${name}.${last}`] ?? ID_NAMES[last];
  if (!named) throw new Error(`tests/isolation/arguments.ts does not know what the id ${path.join('.')} of ${name} names: add '${name}.${last}' to ID_NAMES.`);
  return named;
}

/** What kind of thing an id names; of one that the client chooses, the kind that it creates. */
export function kindNamed(operation: Operation, input: OperationInput): keyof Belongings {
  const named = whatIsNamed(operation, input);
  const kind = named === 'new' ? ID_NAMES[input.path.at(-1)!] : named;
  if (!kind || kind === 'new' || kind === 'fact') throw new Error(`tests/isolation/arguments.ts does not know what ${input.path.join('.')} of ${operation.name} creates: add ${input.path.at(-1)!} to ID_NAMES.`);
  return kind;
}

/** Variables of an operation: what it requires, of what the person has, and the one id that is tried. */
export function variablesOf(operation: Operation, belongings: Belongings, tried?: { readonly input: OperationInput; readonly id: string }): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const input of operation.inputs) {
    const value = input === tried?.input ? tried.id : valueOf(operation, input, belongings);
    if (value !== undefined) put(variables, input.path, value);
  }
  return variables;
}

function valueOf(operation: Operation, input: OperationInput, belongings: Belongings): unknown {
  const last = input.path.at(-1)!;
  if (last === 'confirmation') return belongings.person;
  if (input.isId) {
    const named = whatIsNamed(operation, input);
    return named === 'new' || named === 'fact' ? (input.isRequired ? crypto.randomUUID() : undefined) : belongings[named];
  }
  if (input.isRequired && !(last in VALUES)) throw new Error(`tests/isolation/arguments.ts has no value for ${input.path.join('.')} of ${operation.name}: add ${last} to VALUES.`);
  const value = VALUES[last];
  return typeof value === 'function' ? (value as () => unknown)() : value;
}

function put(variables: Record<string, unknown>, [first, ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) variables[first!] = value;
  else put((variables[first!] ??= {}) as Record<string, unknown>, rest, value);
}
