import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { CliError } from './cli-error.js';
import { Server } from './server.js';
import { serverUrl } from './settings.js';

export async function login(options: { readonly email?: string; readonly passwordStdin?: boolean }): Promise<void> {
  const email = options.email ?? (await ask('E-mail address: ', 'Give --email, and --password-stdin with the password on standard input.'));
  const password = options.passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : await askHidden('Password: ');
  await new Server().signIn({ email, password });
  console.log(`Signed in to ${serverUrl()} as ${email}.`);
}

export function logout(): void {
  new Server().forget();
  console.log(`Signed out of ${serverUrl()} on this machine.`);
}

/** @param instead what to do where there is no terminal */
export async function ask(question: string, instead: string): Promise<string> {
  if (!process.stdin.isTTY) throw new CliError('There is no terminal to ask at.', 'CLI', instead);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(question);
  terminal.close();
  return answer.trim();
}

/** Reads a line that the terminal does not show. */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY) throw new CliError('There is no terminal to ask for a password at.', 'CLI', 'Use --password-stdin.');
  stdout.write(question);
  stdin.setRawMode(true);
  try {
    let typed = '';
    for await (const chunk of stdin) {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n') return typed;
        if (key === '\u0003') throw new CliError('Interrupted.');
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stdout.write('\n');
    stdin.pause();
  }
}
