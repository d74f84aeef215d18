import { defineError } from '@parley/kernel/domain-error.js';
import { type CallerIdentity, CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { QueryBus } from '@nestjs/cqrs';
import { Query, Resolver } from '@nestjs/graphql';
import { FindPerson } from '../read/people/find-person.query.js';
import { Person } from './person.types.js';
import { personView } from './person.views.js';

export class PersonNotReady extends defineError(
  'IDENTITY_PERSON_NOT_READY',
  'unavailable',
  'Your registration has not got to the read models.',
  'Ask again in a moment, or with the consistencyToken of your registration.',
) {}

/** Who the caller is. */
@Resolver(() => Person)
export class PersonResolver {
  constructor(private readonly queries: QueryBus) {}

  @Query(() => Person, { description: 'You.' })
  async me(@CurrentCaller() { tenantId, personId }: CallerIdentity): Promise<Person> {
    const person = await this.queries.execute(new FindPerson(tenantId, personId));
    if (!person) throw new PersonNotReady({ retryAfterMs: 200 });
    return personView(person);
  }
}
