import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { defineError } from '@parley/kernel/domain-error.js';
import { metaSchema } from '@parley/kernel/meta.js';
import type { z } from 'zod';

export class CommandUnknown extends defineError(
  'COMMAND_UNKNOWN',
  'unavailable',
  'The command side does not know this command.',
  'Its release is older than the one that sent it: wait for the upgrade to end, then send the same request again.',
) {}

/** A command's class. Those of `defineCommand` know their schema; others check what they hold where they are handled. */
interface CommandType {
  readonly name: string;
  readonly prototype: object;
  readonly type?: string;
  readonly schema?: z.ZodType;
}

/** Where `@CommandHandler` of @nestjs/cqrs keeps the command's class; it exports no name for it. */
const HANDLES = '__commandHandler__';

/** The commands that this process has handlers for, by name: found, so that there is no list to keep. */
@Injectable()
export class KnownCommands {
  private found: ReadonlyMap<string, CommandType> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  names(): readonly string[] {
    return [...this.types().keys()];
  }

  /** A command as it was before it travelled. @throws CommandUnknown; ZodError when it does not fit its schema */
  rebuild(name: string, fields: object): object {
    const command = this.types().get(name);
    if (!command) throw new CommandUnknown({ command: name });
    const { data, meta } = fields as { readonly data?: unknown; readonly meta?: unknown };
    return Object.assign(Object.create(command.prototype) as object, {
      ...fields,
      ...(command.type !== undefined && { type: command.type }),
      ...(command.schema && { data: command.schema.parse(data) }),
      ...(meta !== undefined && { meta: metaSchema.parse(meta) }),
    });
  }

  private types(): ReadonlyMap<string, CommandType> {
    return (this.found ??= new Map(this.discovery.getProviders().flatMap(({ metatype }) => {
      const command = metatype ? (Reflect.getMetadata(HANDLES, metatype) as CommandType | undefined) : undefined;
      return command ? [[command.name, command] as const] : [];
    })));
  }
}
