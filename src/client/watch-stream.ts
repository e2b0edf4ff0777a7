import type { WatchEvent } from './client.ts';
import type { KubernetesObject } from './resource.ts';
import { StatusError } from './status-error.ts';

/** Cuts chunks into lines without their newline; a last line without one is dropped, since a cut connection may have torn it. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at));
      yield (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString();
      parts = [];
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
}

/** @throws {StatusError} for an ERROR event */
export function parseWatchEvent<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { type: string; object: T & { code?: number; reason?: string; message?: string } };
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object };
    case 'BOOKMARK':
      return {
        type: 'BOOKMARK',
        resourceVersion: event.object.metadata?.resourceVersion ?? '',
        initialEventsEnd: event.object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true',
      };
    default:
      throw new StatusError({
        code: event.object.code ?? 500,
        reason: event.object.reason ?? 'InternalError',
        message: event.object.message ?? `The watch ended with an event of type ${event.type}`,
      });
  }
}
