import { z } from 'zod';

const marks = z.registry<{ personal: true }>();

/** What stands where a person's text was, once their key is destroyed. */
export const ERASED = '[erased]';

/**
 * Marks a text field of an event as personal: message text, names, e-mail addresses. The codec seals it with the key of the
 * event's subject before it is stored, so that destroying that key erases it everywhere at once.
 *
 * @example defineEvent('MessageSent', z.object({ sentBy: id, text: personal(z.string()) }), { subject: 'sentBy' })
 */
export function personal<Schema extends z.ZodType<string | null | undefined>>(schema: Schema): Schema {
  marks.add(schema, { personal: true });
  return schema;
}

/** The names of an object schema's personal fields. Only fields of the first level can be personal. */
export function personalFields(schema: z.ZodType): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).filter(([, field]) => marks.has(field)).map(([name]) => name);
}
