import { Opener } from '@parley/platform/personal-data/opener.js';
import { Injectable } from '@nestjs/common';

/** What stands where a person's text is that the viewer may not read. */
export const SEALED = '[sealed]';

/** field, subject, event, body */
const TOKEN = /^sealed:v1:[\w.-]+:([\w.-]+):[\w.-]+:[\w-]*$/;

/** Values that may hold sealed text, as a viewer may see them: their own text opened, everybody else's as `[sealed]`. */
@Injectable()
export class ShownText {
  constructor(private readonly opener: Opener) {}

  /** @returns the same shape, fit for JSON */
  async show(tenantId: string, viewerId: string, value: unknown): Promise<unknown> {
    const own: string[] = [];
    walk(value, (text) => {
      if (TOKEN.exec(text)?.[1] === viewerId) own.push(text);
      return text;
    });
    const opened = own.length > 0 ? await this.opener.open(tenantId, own) : [];
    const texts = new Map(own.map((token, index) => [token, opened[index] ?? SEALED]));
    return walk(value, (text) => texts.get(text) ?? (TOKEN.test(text) ? SEALED : text));
  }
}

function walk(value: unknown, each: (text: string) => string): unknown {
  if (typeof value === 'string') return each(value);
  if (typeof value === 'bigint') return `${value}`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => walk(item, each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, each)]));
}
