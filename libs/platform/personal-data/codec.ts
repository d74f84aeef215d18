import { defineError } from '@parley/kernel/domain-error.js';
import type { Event, EventDefinition, Fact } from '@parley/kernel/event.js';
import type { Meta } from '@parley/kernel/meta.js';
import { Injectable } from '@nestjs/common';
import type { ProposedFact, StoredFact } from '../event-store/event-store.js';
import { KeyDestroyed } from '../key-store/key-store.js';
import { Random } from '../random/random.js';
import { canonicalJson } from './canonical-json.js';
import { readFact, type ReadFact } from './fact-reader.js';
import type { Definitions } from './fact-shape.js';
import { Nonces } from './nonces.js';
import { nameOf, PersonKeys } from './person-keys.js';
import { type Sealed, SealBroken, seal, sealedNothing, unseal } from './sealed-text.js';
import { Undecodable } from './undecodable.js';

/** A person's own command came in after they were erased. */
export class PersonErased extends defineError('PERSON_ERASED', 'conflict', 'The person was erased.', 'Nothing more can be recorded in their name.') {}

/** Between facts as the domain has them and facts as a store holds them: canonical JSON, older shapes brought up to date, personal fields sealed. */
@Injectable()
export class Codec {
  private readonly nonces: Nonces;

  constructor(private readonly keys: PersonKeys, random: Random) {
    this.nonces = new Nonces(random);
  }

  /**
   * Seals and writes down. What the system itself has to say of an erased person (that a reply ended, what it cost) is still
   * written, without their text.
   *
   * @param definitions name each of the events
   * @param eventIds one for each event
   * @throws PersonErased when a person says something in the name of someone who was erased
   */
  async encode(events: readonly Event[], definitions: Definitions, meta: Meta, eventIds: readonly string[]): Promise<ProposedFact[]> {
    const encoded: ProposedFact[] = [];
    for (const [index, { type, data }] of events.entries()) {
      const definition = definitions[type];
      if (!definition) throw new Error(`no definition of the event ${type}`);
      const eventId = eventIds[index]!;
      const sealed = definition.personal.length > 0 ? await this.sealed(data as object, definition, meta, eventId) : data;
      encoded.push({ eventId, tenantId: meta.tenantId, type, data: canonicalJson(sealed), meta: canonicalJson({ ...meta, schemaVersion: definition.version }) });
    }
    return encoded;
  }

  /**
   * Reads stored facts, in the same order; those that cannot be read say why, and do not disturb the others.
   *
   * @param open true: personal fields as they were said, or ERASED; false: as sealed tokens (projections copy them)
   */
  async decode(stored: readonly StoredFact[], definitions: Definitions, { open }: { readonly open: boolean }): Promise<(Fact | Undecodable)[]> {
    const read = stored.map((each) => readFact(each, definitions));
    if (!open) return read.map((each) => (each instanceof Undecodable ? each : each.fact));
    const keys = await this.keys.find(read.flatMap((each) => (each instanceof Undecodable ? [] : each.sealed.map(({ text }) => text))));
    return read.map((each) => (each instanceof Undecodable ? each : opened(each, keys)));
  }

  private async sealed(data: object, definition: EventDefinition, meta: Meta, eventId: string): Promise<object> {
    const subjectId: unknown = (data as Record<string, unknown>)[definition.subject!];
    if (typeof subjectId !== 'string') throw new Error(`${definition.type}: ${definition.subject} names no person`);
    const owner = { tenantId: meta.tenantId, subjectId };
    const key = await this.keys.obtain(owner).catch((error: unknown) => {
      if (!(error instanceof KeyDestroyed)) throw error;
      if (meta.actor.kind !== 'system') throw new PersonErased();
      return undefined;
    });
    const close = (text: string, where: Sealed) => (key ? seal(text, where, key, this.nonces.next()) : sealedNothing(where));

    const sealed: Record<string, unknown> = { ...data };
    for (const field of definition.personal) {
      const text = sealed[field];
      if (typeof text === 'string') sealed[field] = close(text, { ...owner, eventId, field });
    }
    return sealed;
  }
}

function opened({ fact, sealed, stored }: ReadFact, keys: Awaited<ReturnType<PersonKeys['find']>>): Fact | Undecodable {
  if (sealed.length === 0) return fact;
  try {
    const texts = Object.fromEntries(sealed.map(({ field, text }) => [field, unseal(text, keys.get(nameOf(text)))]));
    return { ...fact, data: { ...(fact.data as object), ...texts } };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return new Undecodable(stored, 'broken-seal', error.message);
  }
}
