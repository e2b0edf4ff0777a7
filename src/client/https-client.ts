import type { IncomingMessage } from 'node:http';
import type { Client, ListOptions, WatchEvent, WriteOptions } from './client.ts';
import type { Connection } from './connection.ts';
import { apiVersionOf, pathOf, type KubernetesObject, type Resource } from './resource.ts';
import { StatusError } from './status-error.ts';
import { connectionLost, createTransport, type TransportRequest } from './transport.ts';
import { linesOf, parseWatchEvent } from './watch-stream.ts';

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

const defaultFieldManager = 'aweigh';

/** A client of any Kubernetes API over HTTPS with kept-alive connections. */
export function createClient(connection: Connection): Client {
  const transport = createTransport(connection);

  const text = async (response: IncomingMessage): Promise<string> => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
    } catch (cause) {
      throw connectionLost(connection.server, cause);
    }
  };

  const json = async (request: TransportRequest): Promise<unknown> => {
    const response = await transport.send(request);
    const body = await text(response);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw failure(status, body, request);
    return body === '' ? {} : (JSON.parse(body) as unknown);
  };

  /** Opens a response without end, or fails with the Status that the server gave instead. */
  const open = async (request: TransportRequest): Promise<IncomingMessage> => {
    const response = await transport.send({ ...request, streaming: true });
    const status = response.statusCode ?? 0;
    if (status >= 300) throw failure(status, await text(response), request);
    return response;
  };

  const write = async <T extends KubernetesObject>(method: string, path: string, body: unknown, options: WriteOptions | undefined, contentType?: string, query: Query = {}): Promise<T> =>
    (await json({
      method,
      path: path + queryString({ ...query, fieldManager: options?.fieldManager ?? defaultFieldManager, dryRun: options?.dryRun === true ? 'All' : undefined }),
      body: JSON.stringify(body),
      ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
      signal: options?.signal,
      priority: options?.priority,
    })) as T;

  const named = (r: Resource, object: KubernetesObject, subresource?: string): string => {
    const name = object.metadata?.name;
    if (name === undefined) throw new TypeError(`A ${r.kind} needs metadata.name to be written`);
    return pathOf(r, object.metadata?.namespace, name, subresource);
  };

  return {
    get: async (r, key, options) => (await json({ method: 'GET', path: pathOf(r, key.namespace, key.name), signal: options?.signal })) as never,

    async list<T extends KubernetesObject>(r: Resource<T>, options: ListOptions = {}) {
      const query = queryString({
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: options.limit,
        continue: options.continueToken,
        resourceVersion: options.resourceVersion,
      });
      const list = (await json({ method: 'GET', path: pathOf(r, options.namespace) + query })) as { items: T[] | null; metadata: { resourceVersion: string; continue?: string } };
      const items = list.items ?? [];
      for (const item of items) typed(r, item);
      return { items, resourceVersion: list.metadata.resourceVersion, ...(list.metadata.continue ? { continueToken: list.metadata.continue } : {}) };
    },

    async *watch<T extends KubernetesObject>(r: Resource<T>, options: Parameters<Client['watch']>[1]): AsyncGenerator<WatchEvent<T>> {
      const query = queryString({
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
      });
      const response = await open({ method: 'GET', path: pathOf(r, options.namespace) + query, signal: options.signal });
      try {
        for await (const line of linesOf(response)) yield parseWatchEvent<T>(line);
      } catch (e) {
        if (e instanceof StatusError) throw e;
        if (options.signal?.aborted === true) return;
        throw connectionLost(connection.server, e);
      } finally {
        response.destroy();
      }
    },

    create: (r, object, options) => write('POST', pathOf(r, object.metadata?.namespace), typed(r, { ...object }), options),
    update: (r, object, options) => write('PUT', named(r, object), typed(r, { ...object }), options),
    updateStatus: (r, object, options) => write('PUT', named(r, object, 'status'), typed(r, { ...object }), options),
    patch: (r, key, patch, options) => write('PATCH', pathOf(r, key.namespace, key.name, options?.subresource), patch, options, patchTypes[options?.type ?? 'merge']),
    apply: (r, object, options) =>
      write('PATCH', named(r, object, options.subresource), typed(r, { ...object }), options, patchTypes.apply, { force: options.force === false ? undefined : 'true' }),

    async delete(r, key, options) {
      const preconditions = options?.uid === undefined && options?.resourceVersion === undefined ? undefined : { uid: options.uid, resourceVersion: options.resourceVersion };
      await json({
        method: 'DELETE',
        path: pathOf(r, key.namespace, key.name),
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: options?.propagation,
          gracePeriodSeconds: options?.gracePeriodSeconds,
          preconditions,
          dryRun: options?.dryRun === true ? ['All'] : undefined,
        }),
        signal: options?.signal,
        priority: options?.priority,
      });
    },

    createSubresource: (r, key, subresource, body, options) => write('POST', pathOf(r, key.namespace, key.name, subresource), body, options),

    async raw(method, path, options) {
      const response = await transport.send({ method, path, ...options });
      return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
    },

    async *stream(path, options) {
      const response = await open({ method: 'GET', path, signal: options?.signal, headers: { accept: '*/*' } });
      try {
        for await (const chunk of response) yield chunk as Buffer;
      } catch (e) {
        if (options?.signal?.aborted === true) return;
        throw connectionLost(connection.server, e);
      } finally {
        response.destroy();
      }
    },

    close: () => transport.close(),
  };
}

type Query = Readonly<Record<string, string | number | undefined>>;

function queryString(query: Query): string {
  const set = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]));
  return set.length === 0 ? '' : `?${set.join('&')}`;
}

/** List items carry no apiVersion and kind of their own; everything that leaves this client does. */
function typed<T extends KubernetesObject>(r: Resource, object: T): T {
  object.apiVersion ??= apiVersionOf(r);
  object.kind ??= r.kind;
  return object;
}

function failure(code: number, body: string, request: TransportRequest): StatusError {
  try {
    const status = JSON.parse(body) as { kind?: string; reason?: string; message?: string; details?: StatusError['details'] };
    if (status.kind === 'Status') return new StatusError({ code, reason: status.reason ?? 'Unknown', message: status.message ?? `${request.method} ${request.path} failed with HTTP ${code}`, details: status.details });
  } catch {
    // Not a Status: a proxy or a plain text answer, told below.
  }
  return new StatusError({ code, reason: reasonOfCode[code] ?? 'Unknown', message: `${request.method} ${request.path} failed with HTTP ${code}: ${body.slice(0, 200)}` });
}

const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
