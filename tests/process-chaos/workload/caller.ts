import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, Person, post } from '../../running/person.js';
import type { CommandLine, History, Outcome } from '../history.js';
import { type Mutation, MUTATIONS, REGISTER, SIGN_IN } from './mutations.js';

/** Who gets no answer for so long asks again. */
const TIMEOUT_MS = 5_000;
const RETRY_MS = 200;

/** What a client is told of a command. */
export interface Told {
  readonly outcome: Outcome;
  readonly answer?: Readonly<Record<string, unknown>>;
}

/** Where the gateways are, and where all is written down. */
export interface Surroundings {
  readonly urls: readonly string[];
  readonly history: History;
}

/** Someone at the door: sends commands and asks queries, writes down what comes of it, and goes to the next gateway where one does not answer. */
export class Caller {
  private gateway = 0;

  private constructor(readonly name: string, readonly tenant: string, readonly personId: string, readonly person: Person, private readonly around: Surroundings) {}

  /** Opens an account with a tenant of its own. Until it is known to have landed it is asked for again, with the same words. */
  static async register(name: string, around: Surroundings): Promise<Caller> {
    const input = { email: `${crypto.randomUUID()}@example.org`, password: `correct horse ${crypto.randomUUID()}` };
    for (let tries = 0; ; tries++) {
      const url = around.urls[tries % around.urls.length]!;
      const { data, code } = await sent<{ register: Tokens & { personId: string; tenantId: string } }>(post(url, REGISTER, { input }, {}, AbortSignal.timeout(TIMEOUT_MS)));
      const { personId, tenantId: tenant, ...tokens } = data?.register ?? {};
      const line = { kind: 'command', client: name, op: 'register', key: input.email, variables: { email: input.email } } as const;
      if (personId && tenant) {
        around.history.write({ ...line, tenant, person: personId, outcome: 'ok', answer: { personId, tenantId: tenant } });
        return new Caller(name, tenant, personId, personAt(url, input, tokens as Tokens), around);
      }
      around.history.write({ ...line, tenant: '', outcome: 'unknown', ...(code && { code }) });
      await delay(RETRY_MS);
    }
  }

  /** Takes someone into the tenant, and signs in as them. */
  async colleague(name: string): Promise<Caller> {
    const input = { email: `${crypto.randomUUID()}@example.org`, password: `correct horse ${crypto.randomUUID()}`, role: 'MEMBER' };
    const { answer } = await this.insist('addMember', `${name}-joins`, input, NEVER);
    const person = personAt(this.person.url, input, { accessToken: '', refreshToken: '' });
    const colleague = new Caller(name, this.tenant, answer!['personId'] as string, person, this.around);
    while (!(await colleague.signIn())) await delay(RETRY_MS);
    return colleague;
  }

  /** Sends a command again and again until it is known what became of it, or it is too late. */
  async insist(op: Mutation, key: string, input: object, tooLate: AbortSignal): Promise<Told> {
    for (;;) {
      const told = await this.send(op, key, input);
      if (told.outcome !== 'unknown' || tooLate.aborted) return told;
      await delay(RETRY_MS);
    }
  }

  /** Sends a command once. */
  async send(op: Mutation, key: string, input: object): Promise<Told> {
    const asked = this.person.ask<Record<string, Readonly<Record<string, unknown>> | null>>(MUTATIONS[op], { input: { ...input, idempotencyKey: key } });
    const { data, code, isOpen } = await this.heard(asked);
    const answer = data?.[op] ?? undefined;
    const outcome = answer ? 'ok' : isOpen ? 'unknown' : 'refused';
    const line: Omit<CommandLine, 'at'> = { kind: 'command', client: this.name, tenant: this.tenant, person: this.personId, op, key, variables: { ...input, password: undefined }, outcome, ...(answer && { answer }), ...(code && { code }) };
    this.around.history.write(line);
    return { outcome, ...(answer && { answer }) };
  }

  /** @returns undefined when there was no answer, or none yet */
  async ask<Data>(query: string, variables: object): Promise<Data | undefined> {
    return (await this.heard(this.person.ask<Data>(query, variables))).data;
  }

  /** To the next gateway. */
  moveOn(): void {
    this.person.url = this.around.urls[++this.gateway % this.around.urls.length]!;
  }

  /** @returns whether it was answered */
  async signIn(): Promise<boolean> {
    const { email, password, url } = this.person;
    const { data } = await sent<{ signIn: Tokens }>(post(url, SIGN_IN, { input: { email, password } }, {}, AbortSignal.timeout(TIMEOUT_MS)));
    if (data) Object.assign(this.person, { accessToken: data.signIn.accessToken, refreshToken: data.signIn.refreshToken });
    else this.moveOn();
    return data !== undefined;
  }

  private async heard<Data>(asked: Promise<Answer<Data>>): Promise<Heard<Data>> {
    const heard = await sent(asked);
    if (heard.text !== undefined) this.around.history.write({ kind: 'answer', client: this.name, tenant: this.tenant, text: heard.text });
    else this.moveOn();
    if (heard.code === 'UNAUTHENTICATED') await this.signIn(); // a clock was set, or a session is not known yet: who may come in is asked anew
    return heard;
  }
}

/** Never too late. */
export const NEVER = new AbortController().signal;

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Heard<Data> {
  readonly data?: Data;
  /** Of the first error; of what was no answer at all its name. */
  readonly code?: string;
  /** Whether it may have landed, or may land later. */
  readonly isOpen: boolean;
  /** What came, word for word. */
  readonly text?: string;
}

/** Kinds of errors that say nothing about what was asked for. */
const OPEN = ['unavailable', 'internal'];

async function sent<Data>(asked: Promise<Answer<Data>>): Promise<Heard<Data>> {
  try {
    const answer = await asked;
    const { code, kind } = answer.errors?.[0]?.extensions ?? {};
    const isOpen = (kind !== undefined && OPEN.includes(kind)) || code === 'UNAUTHENTICATED';
    return { ...(answer.data && { data: answer.data }), ...(code && { code }), isOpen, text: JSON.stringify(answer) };
  } catch (error) {
    return { code: (error as Error).name, isOpen: true };
  }
}

const personAt = (url: string, { email, password }: { email: string; password: string }, { accessToken, refreshToken }: Tokens): Person =>
  Object.assign(new Person(url, email, password, accessToken, refreshToken), { timeoutMs: TIMEOUT_MS });
