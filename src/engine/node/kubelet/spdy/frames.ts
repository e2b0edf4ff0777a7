/** Frames of SPDY/3 that the kubelet's clients use. */
export const frameType = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;

export const finFlag = 1;

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

const headerBytes = 8;
const version = 3;
const maxDataBytes = 65_536;

/** Takes whole frames off a stream of bytes; returns what is left. @throws {Error} for another version of the protocol */
export function takeFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= headerBytes) {
    const first = bytes.readUInt32BE(at);
    const flags = bytes[at + 4]!;
    const end = at + headerBytes + bytes.readUIntBE(at + 5, 3);
    const control = first >>> 31 === 1;
    if (control && ((first >>> 16) & 0x7fff) !== version) throw new Error(`The client speaks SPDY/${(first >>> 16) & 0x7fff}; this speaks SPDY/3.1`);
    if (bytes.length < end) break;
    const payload = bytes.subarray(at + headerBytes, end);
    frames.push(control ? { kind: 'control', type: first & 0xffff, flags, payload } : { kind: 'data', streamId: first, fin: (flags & finFlag) !== 0, payload });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32BE((0x80000000 | (version << 16) | type) >>> 0, 0);
  head[4] = flags;
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

/** One frame, or several where the payload is long. */
export function dataFrames(streamId: number, payload: Buffer, fin: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += maxDataBytes) {
    const piece = payload.subarray(at, at + maxDataBytes);
    const head = Buffer.alloc(headerBytes);
    head.writeUInt32BE(streamId, 0);
    head[4] = fin && at + maxDataBytes >= payload.length ? finFlag : 0;
    head.writeUIntBE(piece.length, 5, 3);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}

/** Numbers of 32 bits, one after the other. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
}
