import type { IncomingMessage } from 'node:http';
import { badRequest, tooLarge, unsupportedMediaType } from '../api-error.ts';

/** As kube-apiserver: 3 MiB. */
export const bodyLimitBytes = 3 * 1024 * 1024;

const kept = new WeakMap<IncomingMessage, Buffer | undefined>();

/** Asks {@link readBody} to keep the body for {@link keptBody}: what the audit log records is what the handler read. */
export function keepBody(req: IncomingMessage): typeof keptBody {
  kept.set(req, undefined);
  return keptBody;
}

/** The body as read; undefined: it was never read. */
export const keptBody = (req: IncomingMessage): Buffer | undefined => kept.get(req);

/** Reads the whole body, unzipped where the client zipped it.
 *  @throws {StatusError} 413 above the limit, 400 when the client stops in the middle */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  const body = await receive(req);
  if (kept.has(req)) kept.set(req, body);
  return body;
}

function receive(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > bodyLimitBytes) {
      reject(tooLarge(bodyLimitBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimitBytes) {
        chunks.push(chunk);
        return;
      }
      req.removeAllListeners('data');
      req.resume();
      reject(tooLarge(bodyLimitBytes));
    });
    req.on('end', () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const encoding = req.headers['content-encoding'];
      if (encoding === undefined || encoding === 'identity') resolve(body);
      else unzipped(body, encoding).then(resolve, reject);
    });
    req.on('error', (cause) => reject(badRequest('The body ended before its length', cause)));
    req.on('close', () => { if (!req.complete) reject(badRequest('The client closed the connection inside the body')); });
  });
}

async function unzipped(body: Buffer, encoding: string): Promise<Buffer> {
  if (encoding !== 'gzip') throw unsupportedMediaType(`Content-Encoding ${encoding}`);
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(body, { maxOutputLength: bodyLimitBytes });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(bodyLimitBytes) : badRequest('The body is not valid gzip', cause);
  }
}

/** The media type of the body, lower case, without parameters; JSON where the client says nothing. */
export function mediaTypeOf(req: IncomingMessage): string {
  const given = req.headers['content-type'];
  if (given === undefined || given === '') return 'application/json';
  return (given.split(';')[0] as string).trim().toLowerCase();
}
