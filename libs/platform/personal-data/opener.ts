import { Injectable } from '@nestjs/common';
import { nameOf, PersonKeys } from './person-keys.js';
import { parseSealed, unseal } from './sealed-text.js';

/** Opens sealed columns of read models for those who may see them. */
@Injectable()
export class Opener {
  constructor(private readonly keys: PersonKeys) {}

  /**
   * @param tokens sealed texts as projections copied them; null and '' stay what they are, for they tell nothing
   * @returns the texts, in the same order; ERASED where the person was erased
   * @throws SealBroken when one was changed or is another tenant's
   */
  async open(tenantId: string, tokens: readonly (string | null)[]): Promise<(string | null)[]> {
    const sealed = tokens.map((token) => (token ? parseSealed(token, tenantId) : token));
    const keys = await this.keys.find(sealed.filter((each) => typeof each === 'object' && each !== null));
    return sealed.map((each) => (typeof each === 'object' && each !== null ? unseal(each, keys.get(nameOf(each))) : each));
  }
}
