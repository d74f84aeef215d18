/** What other contexts may know of identity. Nothing else of identity may be imported from outside. */
export { PersonErased } from './domain/erasure.events.js';
export { PersonAdded, PersonRegistered, PersonRoleChanged } from './domain/person.events.js';
export { SessionEnded, SessionStarted } from './domain/session.events.js';
