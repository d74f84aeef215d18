const [TEXT_AND_WHOLE, IN_16_BITS, IN_64_BITS] = [0x81, 126, 127];
const END = Buffer.from('}');

/** Messages of the `next` of one operation as frames of a WebSocket, several in one piece: a write to the network costs more than what is in it. */
export class NextFrames {
  private readonly begin: Buffer;

  /** @param id that the client gave the operation */
  constructor(id: string) {
    this.begin = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  /** @param payloads results as JSON */
  of(payloads: readonly Buffer[]): Buffer {
    const { begin } = this;
    let size = 0;
    for (const { length } of payloads) size += frameOf(begin.length + length + END.length);
    const frames = Buffer.allocUnsafe(size);
    let at = 0;
    for (const payload of payloads) {
      at = writeHead(frames, at, begin.length + payload.length + END.length);
      frames.set(begin, at);
      frames.set(payload, (at += begin.length));
      frames.set(END, (at += payload.length));
      at += END.length;
    }
    return frames;
  }
}

const frameOf = (length: number) => length + (length < IN_16_BITS ? 2 : length < 65_536 ? 4 : 10);

/** As RFC 6455 (5.2) has it: a whole text message, not masked, for it comes from a server. @returns where the text begins */
function writeHead(frames: Buffer, at: number, length: number): number {
  frames[at] = TEXT_AND_WHOLE;
  if (length < IN_16_BITS) {
    frames[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    frames[at + 1] = IN_16_BITS;
    return frames.writeUInt16BE(length, at + 2);
  }
  frames[at + 1] = IN_64_BITS;
  return frames.writeBigUInt64BE(BigInt(length), at + 2);
}
