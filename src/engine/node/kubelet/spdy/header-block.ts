import { constants, createDeflate, createInflate, type Zlib } from 'node:zlib';
import type { Transform } from 'node:stream';
import { headerDictionary } from './header-dictionary.ts';

/** Names (lower case) and values of a stream. */
export type Headers = Readonly<Record<string, string>>;

/** More than any client of the kubelet sends: a bound for what a block may unpack to. */
const maxBytes = 65_536;

/** Compresses the header blocks of one direction of a connection, which share one state. */
export class HeaderWriter {
  readonly #zlib = createDeflate({ dictionary: headerDictionary });

  write(headers: Headers): Promise<Buffer> {
    const parts: Buffer[] = [uint32(Object.keys(headers).length)];
    for (const text of Object.entries(headers).flat()) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
    return through(this.#zlib, Buffer.concat(parts));
  }
}

export class HeaderReader {
  readonly #zlib = createInflate({ dictionary: headerDictionary });

  /** @throws {Error} for a block that is damaged or too large; the connection is of no use then */
  async read(block: Buffer): Promise<Headers> {
    const bytes = await through(this.#zlib, block);
    let at = 0;
    const text = (): string => {
      const length = bytes.readUInt32BE(at);
      if (at + 4 + length > bytes.length) throw new RangeError('A SPDY header block is cut off');
      at += 4 + length;
      return bytes.toString('utf8', at - length, at);
    };
    const count = bytes.readUInt32BE(0);
    at = 4;
    const headers: Record<string, string> = {};
    for (let i = 0; i < count; i++) {
      const name = text();
      headers[name.toLowerCase()] = text();
    }
    return headers;
  }
}

function through(zlib: Transform & Zlib, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= maxBytes) return;
      // The first call counts; what comes of the destroyed stream afterwards says nothing new.
      reject(new RangeError(`A SPDY header block unpacks to more than ${maxBytes} bytes`));
      zlib.off('data', take).on('error', () => undefined).destroy();
    };
    zlib.on('data', take).once('error', reject);
    zlib.write(input);
    zlib.flush(constants.Z_SYNC_FLUSH, () => {
      zlib.off('data', take).off('error', reject);
      resolve(Buffer.concat(chunks));
    });
  });
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
