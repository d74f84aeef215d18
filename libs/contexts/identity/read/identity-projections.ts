import { erasures } from './erasures/erasures.projection.js';
import { people } from './people/people.projection.js';
import { sessions } from './sessions/sessions.projection.js';

/** All read models of identity. */
export const identityProjections = [people, sessions, erasures];
