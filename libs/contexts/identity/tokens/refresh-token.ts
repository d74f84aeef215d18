import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What a client exchanges for the next pair of tokens, once. To the client an opaque text; to us
 *
 *     prt_ base64url( tenant 16 bytes | session 16 | generation 4 | secret 32 | tag 16 )
 *
 * The successor's secret follows from the one before by a key, so that a lost answer can be given again though only a hash of the
 * token is kept. The tag tells a token that we made, however old, from one that someone made up: only the former can end a session.
 */
export interface RefreshToken {
  readonly text: string;
  readonly tenantId: string;
  readonly sessionId: string;
  /** 0 for the first of a session; each exchange adds one. */
  readonly generation: number;
}

/** Fixed, and without unused bits: 84 bytes are 112 characters, written in one way only. */
const SHAPE = /^prt_([\w-]{112})$/;
const SECRET_AT = 36;
const TAG_AT = 68;

export class RefreshTokenFormat {
  constructor(private readonly key: Buffer) {}

  /** @param secret 32 random bytes */
  first(tenantId: string, sessionId: string, secret: Buffer): RefreshToken {
    return this.write(tenantId, sessionId, 0, secret);
  }

  /** The same for the same token, whenever it is asked. */
  successor({ text, tenantId, sessionId, generation }: RefreshToken): RefreshToken {
    return this.write(tenantId, sessionId, generation + 1, this.mac('successor', text));
  }

  /** @returns undefined unless we made it */
  read(text: string): RefreshToken | undefined {
    const bytes = Buffer.from(SHAPE.exec(text)?.[1] ?? '', 'base64url');
    if (bytes.length === 0 || !timingSafeEqual(bytes.subarray(TAG_AT), this.tag(bytes.subarray(0, TAG_AT)))) return undefined;
    return { text, tenantId: uuidAt(bytes, 0), sessionId: uuidAt(bytes, 16), generation: bytes.readUInt32BE(32) };
  }

  private write(tenantId: string, sessionId: string, generation: number, secret: Buffer): RefreshToken {
    const bytes = Buffer.alloc(TAG_AT);
    bytes.write(tenantId.replaceAll('-', ''), 0, 'hex');
    bytes.write(sessionId.replaceAll('-', ''), 16, 'hex');
    bytes.writeUInt32BE(generation, 32);
    secret.copy(bytes, SECRET_AT);
    const text = `prt_${Buffer.concat([bytes, this.tag(bytes)]).toString('base64url')}`;
    return { text, tenantId, sessionId, generation };
  }

  private tag(bytes: Buffer): Buffer {
    return this.mac('tag', bytes).subarray(0, 16);
  }

  private mac(purpose: string, over: string | Buffer): Buffer {
    return createHmac('sha256', this.key).update(`${purpose}\0`).update(over).digest();
  }
}

/** What is kept of a token. A fast hash is right: the secret has 256 bits of chance. */
export const hashOf = ({ text }: RefreshToken): Buffer => createHash('sha256').update(text).digest();

function uuidAt(bytes: Buffer, offset: number): string {
  const hex = bytes.toString('hex', offset, offset + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
