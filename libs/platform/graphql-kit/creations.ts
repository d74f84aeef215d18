import type { Meta } from '@parley/kernel/meta.js';
import type { CallerIdentity } from './caller.js';
import type { MutationRequest } from './requests.js';

/**
 * Metadata of a mutation that makes a thing whose id the client may choose. That id is an idempotency key too, so a repeat is known
 * however long ago the first was, and another thing under the same id is refused. A key that the client gave counts before it.
 *
 * @param label tells ids of different things apart, e.g. `message`
 * @param ownId the client's choice; at most 90 characters together with the label
 */
export function creationMeta(request: MutationRequest, caller: CallerIdentity, key: string | null | undefined, label: string, ownId?: string | null): Meta {
  const meta = request.meta(caller, key);
  return ownId && !meta.commandId.startsWith('key:') ? request.meta(caller, `${label}:${ownId.toLowerCase()}`) : meta;
}
