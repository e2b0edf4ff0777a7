/** Characters. */
const SHORT = 40;
const INITIAL_BYTES = 64 * 1024;
/** More is not kept for the next message. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Protobuf written from its end: a message's length is known once the message is written, and stands before it. One is
 * kept and used again; {@link take} copies what was written.
 */
export class Output {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #start = this.#bytes.length;

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** What was written, in memory of its own, and begins anew. */
  take(): Buffer {
    const taken = Buffer.allocUnsafeSlow(this.length);
    this.#bytes.copy(taken, 0, this.#start);
    this.clear();
    return taken;
  }

  /** A copy of the last `size` bytes written. */
  last(size: number): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#start, this.#start + size));
  }

  /** Forgets what was written. */
  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.#start = this.#bytes.length;
  }

  /** @param value a whole number of at least 0 */
  varint(value: number): void {
    if (value < 0x80) {
      this.#room(1);
      this.#bytes[--this.#start] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#room(size);
    let at = (this.#start -= size);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = (rest % 0x80) | 0x80;
    this.#bytes[at] = rest;
  }

  /** int32 and int64: negative numbers take ten bytes, as 64 bits in two's complement. */
  int(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    this.#room(10);
    const at = (this.#start -= 10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < 9; i++, rest >>= 7n) this.#bytes[at + i] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[at + 9] = Number(rest);
  }

  double(value: number): void {
    this.#room(8);
    this.#bytes.writeDoubleLE(value, (this.#start -= 8));
  }

  /** The bytes and, before them, their length. */
  bytes(value: Uint8Array): void {
    this.raw(value);
    this.varint(value.length);
  }

  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, (this.#start -= value.length));
  }

  /** UTF-8 and, before it, its length. */
  string(value: string): void {
    const { length } = value;
    if (length <= SHORT && this.#ascii(value)) {
      this.varint(length);
      return;
    }
    const size = Buffer.byteLength(value);
    this.#room(size);
    this.#start -= size;
    this.#bytes.write(value, this.#start);
    this.varint(size);
  }

  /** Writes a short text of ASCII by hand, which takes less than a call of the encoder; false, and nothing is written, where it has other characters. */
  #ascii(value: string): boolean {
    const { length } = value;
    this.#room(length);
    const at = this.#start - length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[at + i] = code;
    }
    this.#start = at;
    return true;
  }

  tag(field: number, wireType: 0 | 1 | 2): void {
    this.varint(field * 8 + wireType);
  }

  /** A message in a field: what `write` writes, and before it its length. */
  nested(field: number, write: () => void): void {
    const before = this.length;
    write();
    this.varint(this.length - before);
    this.tag(field, 2);
  }

  #room(size: number): void {
    if (this.#start >= size) return;
    const grown = Buffer.allocUnsafeSlow(2 * this.#bytes.length + size);
    const start = grown.length - this.length;
    this.#bytes.copy(grown, start, this.#start);
    this.#bytes = grown;
    this.#start = start;
  }
}
