import type { Actor, Meta } from '@parley/kernel/meta.js';
import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { Injectable } from '@nestjs/common';
import { AddPerson, RegisterPerson } from '../domain/person.commands.js';
import { person } from '../domain/person.js';
import type { ProvenPerson, UnprovenRequest } from '../domain/sign-in.commands.js';
import { type Credential, Credentials } from './credentials.js';

/** What someone does in a request that no token has vouched for. */
const metaBy = (actor: Actor, tenantId: string, request: UnprovenRequest, commandId: string): Meta => ({
  tenantId,
  actor,
  now: request.now,
  commandId,
  correlationId: request.correlationId,
  ...(request.traceparent && { traceparent: request.traceparent }),
});

/** What a person does in their own name, before a token says so. */
export const metaOf = ({ tenantId, personId, role }: ProvenPerson, request: UnprovenRequest, commandId: string): Meta =>
  metaBy({ kind: 'person', id: personId, role }, tenantId, request, commandId);

/**
 * From a reserved address to a registered person. Table and log are two places, and a process may be stopped between them: then the
 * next one who comes with this address, to register or to sign in, finishes what was begun, by the ids that were chosen then.
 */
@Injectable()
export class Registration {
  constructor(private readonly handling: CommandHandling, private readonly credentials: Credentials) {}

  async settle(email: string, credential: Credential, request: UnprovenRequest): Promise<ProvenPerson> {
    const { tenantId, personId, role, tenantSlug, commandId } = credential;
    const proven = { tenantId, personId, role };
    if (credential.status === 'registered') return proven;
    if (credential.addedBy) await this.add(email, credential, credential.addedBy, null, request);
    else {
      await this.handling.handle(person, new RegisterPerson({ personId, email, role, tenantSlug }, metaOf(proven, request, commandId)));
      await this.credentials.settle(email);
    }
    return proven;
  }

  /** @param name null also where the one who gave it was stopped: a name is not kept beside the log */
  async add(email: string, { tenantId, personId, role, commandId }: Credential, by: Actor, name: string | null, request: UnprovenRequest): Promise<Receipt> {
    const receipt = await this.handling.handle(person, new AddPerson({ personId, email, name, role }, metaBy(by, tenantId, request, commandId)));
    await this.credentials.settle(email);
    return receipt;
  }
}
