import type protobuf from 'protobufjs';

export type Reader = protobuf.Reader;

/** Bytes that are no Kubernetes protobuf object; a bad request (400). */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** Reads the length before a nested message and gives its end. */
export function endOf(r: Reader): number {
  const end = r.uint32() + r.pos;
  if (end > r.len) throw new ProtobufError('The protobuf body ends inside a message');
  return end;
}

/** Calls `field` for each field up to `end`; where it answers false the field is skipped. */
export function readFields(r: Reader, end: number, field: (number: number) => boolean): void {
  while (r.pos < end) {
    const tag = r.uint32();
    if (!field(tag >>> 3)) r.skipType(tag & 7);
  }
  if (r.pos !== end) throw new ProtobufError('A protobuf message is longer than its length says');
}

/** 64-bit integers past 2^53 lose precision, as in any JSON. */
export function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number(String(value));
}
