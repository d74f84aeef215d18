import type { Meta } from '@parley/kernel/meta.js';
import type { CallerIdentity } from './caller.js';
import type { MutationRequest } from './requests.js';

/**
 * Metadata of a mutation that makes a thing whose id the client may choose. That id names the command too, so a repeat gets the first
 * answer however long ago that was. (The id says nothing of the rest of the input: only an idempotency key, which counts before it,
 * refuses another one.)
 *
 * @param label tells ids of different things apart, e.g. `message`
 * @param ownId the client's choice, printable, at most 100 characters
 */
export function creationMeta(request: MutationRequest, caller: CallerIdentity, key: string | null | undefined, label: string, ownId?: string | null): Meta {
  const meta = request.meta(caller, key);
  if (!ownId || meta.commandId.startsWith('key:')) return meta;
  return { ...meta, commandId: `${label}:${caller.personId}:${ownId.toLowerCase()}` };
}
