import { CliError } from './cli-error.js';
import { ask } from './login.js';
import { personNamed } from './members.js';
import { Server } from './server.js';

export interface ErasePersonOptions {
  readonly confirm?: string;
  readonly json?: boolean;
}

interface Erased {
  readonly erasePerson: {
    readonly personId: string;
    readonly proof: { readonly requestedBy: string; readonly requestedAt: string; readonly erasedAt: string; readonly sealedFacts: number; readonly digest: string } | null;
  };
}

const ERASE = `mutation ($input: ErasePersonInput!) { erasePerson(input: $input) {
  personId proof { requestedBy requestedAt erasedAt sealedFacts digest }
} }`;

/** What cannot be undone. */
export const erase = {
  /** @param who a person's id or e-mail address */
  async person(who: string, { confirm, json }: ErasePersonOptions): Promise<void> {
    const server = new Server();
    const personId = await personNamed(server, who);
    const confirmation = confirm ?? (await confirmed(who));
    const { erasePerson } = await server.ask<Erased>(ERASE, { input: { personId, confirmation } });
    if (json) return console.log(JSON.stringify(erasePerson));
    const { proof } = erasePerson;
    console.log(`${personId} is erased.`);
    if (proof) console.log(`${proof.sealedFacts} facts can never be read again. SHA-256 over them, as they stay stored: ${proof.digest}\nBackups hold the person's key until they are gone: see docs/erasure.md.`);
  },
};

async function confirmed(who: string): Promise<string> {
  const typed = await ask(`This cannot be undone. Type ${who} once more to erase them for good: `, `Give --confirm ${who} if you mean it.`);
  if (typed.toLowerCase() !== who.trim().toLowerCase()) throw new CliError('That is something else. Nothing was erased.');
  return typed;
}
