import { text } from 'node:stream/consumers';
import { dispatchConfig } from '@parley/platform/dispatch/dispatch.config.js';
import { GrpcCommandSender } from '@parley/platform/dispatch/grpc.command-sender.js';
import { CliError } from '../cli-error.js';
import { askHidden } from '../login.js';

export interface NewAdmin {
  readonly email: string;
  readonly slug: string;
  readonly passwordStdin?: boolean;
}

/**
 * The first person of a Parley in parts, whom nobody could let in: made at the command side's own door, which only those reach who run
 * it. With a certificate where that door asks for one (PARLEY_COMMAND_TLS_*_FILE).
 */
export async function addAdmin({ email, slug, passwordStdin }: NewAdmin): Promise<void> {
  const password = passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : await askHidden('Password: ');
  const sender = new GrpcCommandSender(dispatchConfig.read());
  try {
    const data = { email, password, role: 'platform-admin', tenantSlug: slug };
    const { personId, tenantId } = await sender.dispatch<{ personId: string; tenantId: string }>('Register', { data, request: { now: new Date().toISOString(), correlationId: `admins-add-${crypto.randomUUID()}` } });
    console.log(`${email} may do anything now: person ${personId}, tenant ${tenantId} (${slug}). Sign in with: npx parley login`);
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    throw new CliError(message, code ?? 'COMMAND_SIDE', hint ?? 'Is the command side where PARLEY_COMMAND_URL says?');
  } finally {
    sender.close();
  }
}
