/** JSON that carries bigints and dates, which receipts and sessions hold. Nothing else that JSON lacks may be sent. */
export function toWire(value: unknown): string {
  return JSON.stringify(value ?? null, function (this: Record<string, unknown>, key, plain: unknown) {
    const said = this[key]; // as it was before `toJSON`
    if (said instanceof Date) return { $date: said.toISOString() };
    return typeof said === 'bigint' ? { $bigint: said.toString() } : plain;
  });
}

/** @throws SyntaxError for what is no JSON */
export function fromWire(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (isTagged(value, '$date')) return new Date(value.$date);
    return isTagged(value, '$bigint') ? BigInt(value.$bigint) : value;
  });
}

function isTagged<Tag extends string>(value: unknown, tag: Tag): value is Readonly<Record<Tag, string>> {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[tag] === 'string' && Object.keys(value).length === 1;
}
