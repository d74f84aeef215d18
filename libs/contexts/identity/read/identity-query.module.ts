import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FindErasureHandler } from './erasures/find-erasure.query.js';
import { identityProjections } from './identity-projections.js';
import { FindPersonHandler } from './people/find-person.query.js';
import { ListPeopleHandler } from './people/list-people.query.js';
import { HasSessionEndedHandler } from './sessions/has-session-ended.query.js';
import { ListOldSessionsHandler } from './sessions/list-old-sessions.query.js';

/** Runs where queries are answered. */
@Module({
  imports: [TypeOrmModule.forFeature(identityProjections.map(({ row }) => row))],
  providers: [FindErasureHandler, FindPersonHandler, ListPeopleHandler, HasSessionEndedHandler, ListOldSessionsHandler],
})
export class IdentityQueryModule {}
