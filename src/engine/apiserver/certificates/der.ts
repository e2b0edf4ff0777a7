/** One value of ASN.1 in its distinguished encoding (X.690). */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), ...parts]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
export const setOf = (part: Buffer): Buffer => der(0x31, part);
export const octets = (content: Buffer): Buffer => der(0x04, content);
/** A printable string where it can be one: names are compared byte by byte, and this is what most programs write. */
export const text = (value: string): Buffer => der(/^[A-Za-z0-9 '()+,./:=?-]*$/.test(value) ? 0x13 : 0x0c, Buffer.from(value));
export const yes = der(0x01, Buffer.from([0xff]));
/** @param content a whole number above 0, big-endian, whose first bit is 0 */
export const integer = (content: Buffer): Buffer => der(0x02, content);
/** @param unused how many of the last byte's bits, from the lowest, are not part of it */
export const bits = (content: Buffer, unused = 0): Buffer => der(0x03, Buffer.from([unused]), content);
/** What stands at a place of its own: `[number]` in ASN.1's notation. */
export const tagged = (number: number, content: Buffer): Buffer => der(0xa0 | number, content);

/** An object identifier, as `2.5.4.3`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** A time in the form that certificates need: two digits for the year up to 2049. */
export function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** The values inside a constructed one, each with its tag and length. */
export function elements(value: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const outer = header(value, 0);
  for (let at = outer.start; at < outer.end;) {
    const { end } = header(value, at);
    found.push(value.subarray(at, end));
    at = end;
  }
  return found;
}

function header(value: Buffer, at: number): { start: number; end: number } {
  const length = value[at + 1] as number;
  if (length < 0x80) return { start: at + 2, end: at + 2 + length };
  const size = length & 0x7f;
  const start = at + 2 + size;
  return { start, end: start + value.readUIntBE(at + 2, size) };
}
