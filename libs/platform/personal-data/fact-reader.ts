import type { EventDefinition, Fact } from '@parley/kernel/event.js';
import { factMetaSchema, type FactMeta } from '@parley/kernel/meta.js';
import type { StoredFact } from '../event-store/event-store.js';
import { type Definitions, type FactShape, shapesOf, upcast } from './fact-shape.js';
import { parseSealed, SealBroken, type SealedText } from './sealed-text.js';
import { Undecodable } from './undecodable.js';
import { unchangedBy } from './unchanged.js';

/** A stored fact in today's shape, still sealed, with the places where it is. */
export interface ReadFact {
  readonly stored: StoredFact;
  readonly fact: Fact;
  readonly sealed: readonly { readonly field: string; readonly text: SealedText }[];
}

/** Reads without any key. Upcasts see sealed texts: they may move them, not look into them. */
export function readFact(stored: StoredFact, definitions: Definitions): ReadFact | Undecodable {
  const unreadable = (code: Undecodable['code'], reason: string) => new Undecodable(stored, code, reason);
  const shape = shapesOf(definitions).get(stored.type);
  if (!shape) return unreadable('unknown-type', `nothing here knows ${stored.type}`);

  const meta = readMeta(stored);
  if (!meta) return unreadable('invalid', 'its metadata is not what was agreed on');
  const { definition, formerly } = shape;
  if (!formerly && meta.schemaVersion > definition.version) {
    return unreadable('newer-version', `${stored.type} has version ${meta.schemaVersion}, known is ${definition.version}`);
  }

  const data = readData(stored, shape, meta.schemaVersion);
  if (typeof data === 'string') return unreadable('invalid', data);
  const { eventId, position, stream, revision, recordedAt } = stored;
  try {
    const isOld = formerly !== undefined || meta.schemaVersion < definition.version;
    const sealed = sealedIn(data, definition, stored, isOld);
    return { stored, sealed, fact: { type: definition.type, data, eventId, position, stream, revision, meta, recordedAt } };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return unreadable('broken-seal', error.message);
  }
}

const isMetaUnchanged = unchangedBy(factMetaSchema);

function readMeta({ meta, tenantId }: StoredFact): FactMeta | undefined {
  const written = parse(meta);
  const data = isMetaUnchanged(written) ? (written as FactMeta) : factMetaSchema.safeParse(written).data;
  return data?.tenantId === tenantId ? data : undefined;
}

/** @returns the reason, as text, when the data has not the shape that was declared. The reason quotes nothing of it. */
function readData(stored: StoredFact, shape: FactShape, version: number): object | string {
  const written = parse(stored.data);
  if (typeof written !== 'object' || written === null) return 'its data is not a JSON object';
  let current: unknown;
  try {
    current = upcast(shape, written, version);
  } catch {
    return `its upcast from version ${version} failed`;
  }
  if (shape.isUnchanged(current)) return current as object;
  const { success, data, error } = shape.sealed.safeParse(current);
  return success ? (data as object) : error.issues.map(({ path, code }) => `${path.join('.') || 'data'}: ${code}`).join('; ');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** @throws SealBroken when a text stands open, or was sealed for another place */
function sealedIn(data: object, definition: EventDefinition, { tenantId, eventId }: StoredFact, isOld: boolean): ReadFact['sealed'] {
  const values = data as Record<string, unknown>;
  const sealed: { field: string; text: SealedText }[] = [];
  for (const field of definition.personal) {
    const value = values[field];
    if (typeof value !== 'string') continue;
    const text = parseSealed(value, tenantId);
    // An older shape may have had the field under another name; the seal keeps the name of then.
    const isField = text.field === field || (isOld && !definition.personal.includes(text.field));
    if (!isField || text.eventId !== eventId || text.subjectId !== values[definition.subject!]) throw new SealBroken();
    sealed.push({ field, text });
  }
  return sealed;
}
