#!/usr/bin/env node
import { Command } from 'commander';
import { CliError } from './cli-error.js';
import { addAudit } from './commands/audit.js';
import { addOperating } from './commands/operating.js';
import { addPeople } from './commands/people.js';
import { addTalking } from './commands/talking.js';
import { addUsage } from './commands/usage.js';

const program = new Command('parley').description('Talk to a Parley server, and look after it.').showHelpAfterError();
for (const add of [addTalking, addPeople, addAudit, addUsage, addOperating]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  if (process.argv.includes('--json')) console.log(JSON.stringify({ type: 'error', code: error.code, message: error.message, hint: error.hint ?? null }));
  else console.error(`parley: ${error.message}${error.hint ? `\n${error.hint}` : ''}`);
  process.exitCode = 1;
}
