import { z } from 'zod';
import type { Meta } from './meta.js';

/**
 * Text that a person wrote: Postgres can store neither U+0000 nor half a surrogate pair.
 *
 * @param max longest, in UTF-16 code units
 */
export const writtenText = (max: number) =>
  z.string().max(max).refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be well-formed text without NUL');

/** An intention: something a person or a reactor wants, named in the imperative. It may be refused. */
export interface Command<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
  readonly meta: Meta;
}

/**
 * Declares a command as a class (the Nest CommandBus routes by class) whose data is checked as it is built.
 *
 * @example
 * class SendMessage extends defineCommand('SendMessage', z.object({ text: z.string() })) {}
 * @throws ZodError from the constructor when the data does not fit
 */
export function defineCommand<const Type extends string, Schema extends z.ZodType>(type: Type, schema: Schema) {
  return class implements Command<Type, z.output<Schema>> {
    static readonly type = type;
    static readonly schema = schema;
    readonly type = type;
    readonly data: z.output<Schema>;
    constructor(data: z.input<Schema>, readonly meta: Meta) {
      this.data = schema.parse(data);
    }
  };
}

/** A command's class, where the compiler no longer knows which. */
export type CommandClass = (new (data: never, meta: Meta) => Command) & { readonly type: string; readonly schema: z.ZodType };
