import { stringify as uuidText, parse as uuidBytes, validate } from 'uuid';

/** Where a write landed, and whose it was. */
export interface TokenContent {
  readonly storeId: string;
  readonly epoch: number;
  readonly position: bigint;
  readonly tenantId: string;
}

const VERSION = 1;
/** version 1, store 16, epoch 4, position 8, tenant 16 */
const BYTES = 45;

/** Opaque to clients: base64url, 60 characters. */
export function encodeToken({ storeId, epoch, position, tenantId }: TokenContent): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.set(uuidBytes(storeId), 1);
  bytes.writeUInt32BE(epoch, 17);
  bytes.writeBigUInt64BE(position, 21);
  bytes.set(uuidBytes(tenantId), 29);
  return bytes.toString('base64url');
}

/** @returns undefined when it is not a token, to the letter */
export function decodeToken(token: string): TokenContent | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== token) return undefined;
  const [storeId, tenantId] = [idAt(bytes, 1), idAt(bytes, 29)];
  if (!storeId || !tenantId) return undefined;
  return { storeId, epoch: bytes.readUInt32BE(17), position: bytes.readBigUInt64BE(21), tenantId };
}

function idAt(bytes: Buffer, offset: number): string | undefined {
  try {
    const text = uuidText(bytes.subarray(offset, offset + 16));
    return validate(text) ? text : undefined;
  } catch {
    return undefined; // 16 bytes that are no UUID of any version
  }
}
