import { type Operator } from './open-operator.js';
import { withOperator } from './with-operator.js';

const PAGE = 2_000;

/** From `ErasureRequested` on a person has no right to a key. (Known by its stored name: what stands in it is not personal.) */
const ASKED = 'ErasureRequested';

/** Destroys the keys of all whose erasure the log knows: a key store that was restored from a backup holds them again. */
export const eraseAgain = (): Promise<void> =>
  withOperator(async ({ store, keyStore }, signal) => {
    const found = { people: 0, keys: 0 };
    for (let after = 0n; !signal.aborted; ) {
      const page = await store.readAll(after, PAGE);
      const owners = page.filter(({ type }) => type === ASKED).map(({ tenantId, data }) => ({ tenantId, subjectId: (JSON.parse(data) as { personId: string }).personId }));
      found.people += owners.length;
      found.keys += await destroy(keyStore, owners);
      if (page.length < PAGE) return console.log(`${found.people} people were erased, by the log; ${found.keys} of them had a key again, and have none now.`);
      after = page.at(-1)!.position;
    }
    console.log('Interrupted. Run it again: what is done stays done.');
    process.exitCode = 130;
  });

/** @returns how many there were */
async function destroy(keyStore: Operator['keyStore'], owners: readonly { readonly tenantId: string; readonly subjectId: string }[]): Promise<number> {
  if (owners.length === 0) return 0;
  const keys = await keyStore.find(owners);
  for (const owner of owners) await keyStore.destroy(owner);
  return keys.filter(Boolean).length;
}
