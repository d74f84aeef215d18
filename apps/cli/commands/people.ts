import type { Command } from 'commander';
import { erase, type ErasePersonOptions } from '../erase.js';
import { members, type NewMember } from '../members.js';
import { addAdmin, type NewAdmin } from '../operator/admins.js';
import { eraseAgain } from '../operator/erase-again.js';
import { sweepErased } from '../operator/erase-sweep.js';
import { retention } from '../retention.js';

/** Who there is, how long things are kept, and how someone is forgotten. */
export function addPeople(program: Command): void {
  const people = program.command('members').description('the people of your tenant, and what they may do (owners and administrators)');
  people
    .command('add')
    .description('take someone into your tenant, with an account of their own')
    .requiredOption('-e, --email <address>', 'they sign in with it')
    .requiredOption('-r, --role <role>', 'tenant-owner, tenant-admin, member, analyst, auditor or platform-admin')
    .option('-n, --name <name>', 'what they are called')
    .option('--password-stdin', 'read their first password from standard input (default: one is drawn by chance, and shown)')
    .option('--json', 'one JSON object, for programs')
    .action((options: NewMember) => members.add(options));
  people
    .command('role')
    .description('give someone another role; it holds from the next refresh of their tokens on')
    .argument('<person>', 'their id or e-mail address')
    .argument('<role>', 'the new role')
    .action((who: string, role: string) => members.role(who, role));
  people.command('list').description('who there is').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => members.list(options));

  program
    .command('admins')
    .description('who may do anything, of a Parley in parts')
    .command('add')
    .description('make the first platform-admin, at the door of the command side (PARLEY_COMMAND_URL)')
    .requiredOption('-e, --email <address>', 'they sign in with it')
    .option('-s, --slug <name>', 'name of the tenant that comes with them', 'operators')
    .option('--password-stdin', 'read the password from standard input')
    .action((options: NewAdmin) => addAdmin(options));

  const keeping = program.command('retention').description('how long your tenant keeps things (owners)');
  keeping
    .command('set')
    .description('let go of things of a kind when they are so old')
    .argument('<kind>', 'conversations or sessions')
    .argument('<days>', 'after how many days, or `never`')
    .action((kind: string, days: string) => retention.set(kind, days));
  keeping.command('list').description('the rules').option('--json', 'one JSON object a line').action((options: { json?: boolean }) => retention.list(options));

  const erasing = program.command('erase').description('end something for good');
  erasing
    .command('person')
    .description('erase a person of your tenant: nobody can read any more what they wrote and were answered (owners; everybody for themselves)')
    .argument('<person>', 'their id or e-mail address')
    .option('--confirm <text>', 'the id or e-mail address once more, where there is no terminal to ask at')
    .option('--json', 'one JSON object, for programs')
    .action((who: string, options: ErasePersonOptions) => erase.person(who, options));
  erasing
    .command('again')
    .description('erase once more all of whom the log or a list knows that they were: after keys or all were restored from a backup (operator)')
    .option('--erased <file>', 'the list that Parley kept apart from its database; without it, the log alone is asked')
    .action((options: { erased?: string }) => eraseAgain(options));
  erasing
    .command('sweep')
    .description('write over what the files of the database still hold of keys that were destroyed (operator)')
    .action(() => sweepErased());
}
