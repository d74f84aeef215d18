import type { Command } from 'commander';
import { chat, type ChatOptions } from '../chat.js';
import { exportConversations, type ExportConversationsOptions, importConversations, type ImportOptions } from '../interchange.js';
import { login, logout } from '../login.js';

/** To talk, and to keep what was said. */
export function addTalking(program: Command): void {
  program
    .command('chat')
    .description('send a message and watch the reply come in; without a message, read them from the terminal line by line')
    .argument('[message]', 'what to say; `-` reads it from standard input')
    .option('-a, --agent <id>', 'agent to talk to (default: the first of your tenant)')
    .option('-c, --conversation <id>', 'go on with this conversation')
    .option('--json', 'one JSON object a line, for programs')
    .action((message: string | undefined, options: ChatOptions) => chat(message, options));

  program
    .command('login')
    .description('sign in with e-mail address and password, and stay signed in')
    .option('-e, --email <address>', 'e-mail address')
    .option('--password-stdin', 'read the password from standard input')
    .action((options: { email?: string; passwordStdin?: boolean }) => login(options));

  program.command('logout').description('forget the sign-in kept on this machine').action(() => logout());

  program
    .command('export')
    .description('your own conversations as a file, which `parley import` takes back')
    .option('-f, --format <format>', 'json or markdown', 'json')
    .option('-o, --out <file>', 'where to; `-` prints it (default: parley-conversations.json or .md)')
    .action((options: ExportConversationsOptions) => exportConversations(options));

  program
    .command('import')
    .description('take in conversations that Parley, ChatGPT, LibreChat or Open WebUI exported; again changes nothing')
    .argument('<file>', 'the exported file')
    .option('-a, --agent <id>', 'agent that they go on with (default: the first of your tenant)')
    .option('--json', 'one JSON object, for programs')
    .action((file: string, options: ImportOptions) => importConversations(file, options));
}
