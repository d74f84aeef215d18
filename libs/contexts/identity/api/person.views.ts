import type { PersonRow } from '../read/people/people.projection.js';
import type { Person } from './person.types.js';

/** A person as GraphQL shows them. */
export const personView = ({ tenantId, personId: id, email, name, role, registeredAt }: PersonRow): Person => ({ id, tenantId, email, name, role, registeredAt });
