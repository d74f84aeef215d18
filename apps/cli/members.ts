import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { CliError } from './cli-error.js';
import { Server } from './server.js';

interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: string;
  readonly registeredAt: string;
}

interface People {
  readonly people: { readonly nodes: readonly Person[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null } };
}

export interface NewMember {
  readonly email: string;
  readonly role: string;
  readonly name?: string;
  readonly passwordStdin?: boolean;
  readonly json?: boolean;
}

const ADD = 'mutation ($input: AddMemberInput!) { addMember(input: $input) { personId } }';
const CHANGE = 'mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { personId } }';
const LIST = 'query ($after: String) { people(first: 100, after: $after) { nodes { id email name role registeredAt } pageInfo { hasNextPage endCursor } } }';

/** As GraphQL writes them; people write `tenant-admin`. */
const ROLES = ['PLATFORM_ADMIN', 'TENANT_OWNER', 'TENANT_ADMIN', 'MEMBER', 'ANALYST', 'AUDITOR'];
const written = (role: string) => role.toLowerCase().replaceAll('_', '-');

/** Who works in the tenant, and as what. */
export const members = {
  /** Without a password on standard input one is drawn by chance, and shown once. */
  async add({ email, role, name, passwordStdin, json }: NewMember): Promise<void> {
    const drawn = passwordStdin ? undefined : randomBytes(15).toString('base64url');
    const password = drawn ?? (await text(process.stdin)).replace(/\r?\n$/, '');
    const { addMember } = await new Server().ask<{ addMember: { personId: string } }>(ADD, { input: { email, role: roleNamed(role), name, password } });
    const { personId } = addMember;
    if (json) console.log(JSON.stringify({ personId, email, role: written(role), password: drawn ?? null }));
    else console.log(`${email} is a member, as ${written(role)}: ${personId}.${drawn ? `\nTheir password, shown this once: ${drawn}` : ''}`);
  },

  /** @param who a person's id or e-mail address */
  async role(who: string, role: string): Promise<void> {
    const server = new Server();
    const input = { personId: await personNamed(server, who), role: roleNamed(role) };
    await server.ask(CHANGE, { input });
    console.log(`${who} is ${written(role)} from the next refresh of their tokens on.`);
  },

  async list({ json }: { readonly json?: boolean }): Promise<void> {
    const all: Person[] = [];
    for await (const person of everyone(new Server())) {
      if (json) console.log(JSON.stringify({ ...person, role: written(person.role) }));
      else all.push(person);
    }
    if (!json) console.table(Object.fromEntries(all.map(({ id, email, name, role, registeredAt }) => [id, { email, name, role: written(role), since: registeredAt.slice(0, 10) }])));
  },
};

function roleNamed(role: string): string {
  const named = role.toUpperCase().replaceAll('-', '_');
  if (!ROLES.includes(named)) throw new CliError(`There is no role ${role}.`, 'CLI', `Use one of ${ROLES.map(written).join(', ')}.`);
  return named;
}

/** @param who a person's id or e-mail address. @throws CliError */
export async function personNamed(server: Server, who: string): Promise<string> {
  if (!who.includes('@')) return who;
  for await (const { id, email } of everyone(server)) if (email === who.trim().toLowerCase()) return id;
  throw new CliError(`Nobody in your tenant has the address ${who}.`, 'CLI', 'npx parley members list shows who there is.');
}

async function* everyone(server: Server): AsyncGenerator<Person> {
  for (let after: string | null = null; ; ) {
    const { people }: People = await server.ask<People>(LIST, { after });
    yield* people.nodes;
    if (!people.pageInfo.hasNextPage) return;
    after = people.pageInfo.endCursor;
  }
}
