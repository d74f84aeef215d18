import { defineCommand, writtenText } from '@parley/kernel/command.js';
import { id, type Meta } from '@parley/kernel/meta.js';
import { z } from 'zod';
import { emailAddress } from './email.js';
import { MAX_PERSON_NAME_LENGTH } from './person.commands.js';
import { personRole, type PersonRole, wantedSlug } from './person.events.js';

/** A request whose sender has yet to say who they are. */
export type UnprovenRequest = Pick<Meta, 'now' | 'correlationId' | 'traceparent'>;

/** Nothing but that of what came: it may travel. */
const unproven = ({ now, correlationId, traceparent }: UnprovenRequest): UnprovenRequest => ({ now, correlationId, ...(traceparent && { traceparent }) });

/** Any characters, 1,024 UTF-16 code units at most: it is hashed whole. A half surrogate pair would be hashed as another character. */
const password = z.string().min(1).max(1_024).refine((value) => value.isWellFormed(), 'must be well-formed text');

const registration = z.object({
  email: emailAddress,
  password,
  role: personRole.default('tenant-owner'),
  tenantSlug: wantedSlug.nullable().default(null),
});

const credentials = z.object({ email: z.string().max(1_000).trim().toLowerCase(), password });

/** Whom a right password has shown. */
export interface ProvenPerson {
  readonly tenantId: string;
  readonly personId: string;
  readonly role: PersonRole;
}

/** A session with its tokens, as its person gets them. */
export interface IssuedSession extends ProvenPerson {
  readonly sessionId: string;
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshTokenExpiresAt: Date;
}

/** A new session, and where its fact stands in the log. */
export interface OpenedSession extends IssuedSession {
  readonly position: bigint;
}

/** Opens an account. Answers a ProvenPerson. Safe to repeat: the same address and password name the same person. */
export class Register {
  static readonly schema = registration;
  readonly data: z.output<typeof registration>;
  readonly request: UnprovenRequest;

  constructor(data: z.input<typeof registration>, request: UnprovenRequest) {
    this.data = registration.parse(data);
    this.request = unproven(request);
  }
}

/** Answers a ProvenPerson, or refuses; in the same words and time whether the address or the password is wrong. */
export class ProvePassword {
  static readonly schema = credentials;
  readonly data: z.output<typeof credentials>;
  readonly request: UnprovenRequest;

  constructor(data: z.input<typeof credentials>, request: UnprovenRequest) {
    this.data = credentials.parse(data);
    this.request = unproven(request);
  }
}

const enrolment = z.object({
  personId: id,
  email: emailAddress,
  name: writtenText(MAX_PERSON_NAME_LENGTH).trim().min(1).nullable().default(null),
  password,
  role: personRole,
});

/** Takes someone into the tenant, with an account of their own. Answers a Receipt. Safe to repeat with the same person's id and address. */
export class Enrol {
  static readonly schema = enrolment;
  readonly data: z.output<typeof enrolment>;

  constructor(data: z.input<typeof enrolment>, readonly meta: Meta) {
    this.data = enrolment.parse(data);
  }
}

/** Starts a session for a proven person. Answers an OpenedSession. */
export class OpenSession {
  readonly request: UnprovenRequest;

  constructor(readonly person: ProvenPerson, request: UnprovenRequest) {
    this.request = unproven(request);
  }
}

const refreshment = z.object({ refreshToken: z.string().max(1_000) });

/** Exchanges a refresh token, once, for the next tokens of its session. Answers an IssuedSession. */
export class RefreshSession {
  static readonly schema = refreshment;
  readonly data: z.output<typeof refreshment>;
  readonly request: UnprovenRequest;

  constructor(data: z.input<typeof refreshment>, request: UnprovenRequest) {
    this.data = refreshment.parse(data);
    this.request = unproven(request);
  }
}

/** Ends the session: its tokens are worth nothing from now on. Answers a Receipt. */
export class SignOut extends defineCommand('SignOut', z.object({ sessionId: id })) {}

/** From the scheduler of retention: the session has lasted as long as the tenant lets it. Idempotent. Answers a Receipt. */
export class ExpireSession extends defineCommand('ExpireSession', z.object({ sessionId: id })) {}

/** From the reactor: tokens carry the role that the fact at this revision of the person's stream says. Answers nothing. */
export class GiveRole extends defineCommand('GiveRole', z.object({ personId: id, role: personRole, revision: z.string().regex(/^\d+$/) })) {}
