import { Clock } from '@parley/platform/clock/clock.js';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { PersonRole } from '../domain/person.events.js';
import { type ProvenPerson, Register } from '../domain/sign-in.commands.js';
import { Credentials } from './credentials.js';

export interface DemoPersonOptions {
  readonly email: string;
  readonly password: string;
  /** Name of the tenant that comes with the person. */
  readonly slug: string;
  readonly role: PersonRole;
}

/** Someone to sign in as on a fresh machine. */
@Injectable()
export class DemoPerson {
  constructor(private readonly commands: CommandBus, private readonly credentials: Credentials, private readonly clock: Clock) {}

  /** Registers the person unless the address is taken: then whoever has it is answered. */
  async ensure({ email, password, slug, role }: DemoPersonOptions): Promise<ProvenPerson> {
    const known = await this.credentials.find(email);
    if (known?.status === 'registered') return { tenantId: known.tenantId, personId: known.personId, role: known.role };
    const register = new Register({ email, password, role, tenantSlug: slug }, { now: this.clock.now().toISOString(), correlationId: 'demo-person' });
    return this.commands.execute<Register, ProvenPerson>(register);
  }
}
