import type { Meta } from '@parley/kernel/meta.js';
import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import { Injectable } from '@nestjs/common';
import { RegisterPerson } from '../domain/person.commands.js';
import { person } from '../domain/person.js';
import type { ProvenPerson, UnprovenRequest } from '../domain/sign-in.commands.js';
import { type Credential, Credentials } from './credentials.js';

/** What a person does in their own name, before a token says so. */
export const metaOf = ({ tenantId, personId, role }: ProvenPerson, request: UnprovenRequest, commandId: string): Meta => ({
  tenantId,
  actor: { kind: 'person', id: personId, role },
  now: request.now,
  commandId,
  correlationId: request.correlationId,
  ...(request.traceparent && { traceparent: request.traceparent }),
});

/**
 * From a reserved address to a registered person. Table and log are two places, and a process may be stopped between them: then the
 * next one who comes with this address, to register or to sign in, finishes what was begun, by the ids that were chosen then.
 */
@Injectable()
export class Registration {
  constructor(private readonly handling: CommandHandling, private readonly credentials: Credentials) {}

  async settle(email: string, { status, commandId, ...credential }: Credential, request: UnprovenRequest): Promise<ProvenPerson> {
    const { tenantId, personId, role, tenantSlug } = credential;
    const proven = { tenantId, personId, role };
    if (status === 'registered') return proven;
    await this.handling.handle(person, new RegisterPerson({ personId, email, role, tenantSlug }, metaOf(proven, request, commandId)));
    await this.credentials.settle(email);
    return proven;
  }
}
