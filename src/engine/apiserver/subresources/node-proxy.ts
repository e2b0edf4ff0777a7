import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Node, Pod } from '../../../kubernetes/types.generated.ts';
import { badRequest, notFound, unavailable } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { readRecord } from '../requests/read.ts';

/** Where a pod's node answers for it. */
interface NodeTarget {
  readonly options: RequestOptions;
  readonly container: string;
}

/** Subresources of pods that the node serves, and what it calls them. */
export const nodeServed: Readonly<Record<string, string>> = { log: 'containerLogs', exec: 'exec', attach: 'attach', portforward: 'portForward' };

/** Streams a container's log from its node to the client. */
export async function handleLog(request: ApiRequest): Promise<void> {
  const { res } = request;
  const target = await targetOf(request, 'log');
  await new Promise<void>((resolve, reject) => {
    const upstream = httpsRequest(target.options, (answer) => {
      res.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      res.flushHeaders();
      answer.pipe(res);
      answer.on('end', resolve);
      answer.on('error', () => { res.destroy(); resolve(); });
    });
    upstream.on('error', (cause) => reject(unreachable(cause)));
    res.on('close', () => { upstream.destroy(); resolve(); });
    upstream.end();
  });
}

/** Joins a client's WebSocket or SPDY connection to its node: bytes pass as they are, so that both ends speak the stream protocol to each other. */
export async function tunnel(request: ApiRequest, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const target = await targetOf(request, request.subresource ?? '');
  const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => name.startsWith('sec-websocket') || ['upgrade', 'connection', 'x-stream-protocol-version'].includes(name)));
  await new Promise<void>((resolve, reject) => {
    const upstream = httpsRequest({ ...target.options, method: req.method ?? 'GET', headers });
    upstream.on('upgrade', (answer, far, farHead) => {
      const lines = Object.entries(answer.headers).flatMap(([name, value]) => [value ?? []].flat().map((v) => `${name}: ${v}`));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (farHead.length > 0) socket.write(farHead);
      if (head.length > 0) far.write(head);
      far.pipe(socket).pipe(far);
      const end = (): void => { far.destroy(); socket.destroy(); resolve(); };
      for (const side of [far, socket]) { side.on('error', end); side.on('close', end); }
    });
    upstream.on('response', (answer) => {
      answer.resume();
      reject(unavailable(`The node answered ${answer.statusCode} instead of opening a stream`));
    });
    upstream.on('error', (cause) => reject(unreachable(cause)));
    upstream.end();
  });
}

/** What a node's agent answers to a GET. Undefined where it does not answer, in time or well: one node that is away must not hide the others. */
export async function askNode(api: ApiContext, nodeName: string, path: string): Promise<string | undefined> {
  try {
    const options = await nodeAddress(api, nodeName);
    return await new Promise<string>((resolve, reject) => {
      const upstream = httpsRequest({ ...options, path, timeout: askMs }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text)).on('error', reject);
        answer.on('end', () => (answer.statusCode === 200 ? resolve(body) : reject(new Error(`The node answered ${answer.statusCode}`))));
      });
      upstream.on('timeout', () => upstream.destroy(new Error(`no answer within ${askMs} ms`))).on('error', reject).end();
    });
  } catch (error) {
    api.log.debug({ node: nodeName, path, error: error instanceof Error ? error.message : String(error) }, 'A node was asked in vain');
    return undefined;
  }
}

const askMs = 10_000;

const unreachable = (cause: Error): Error => unavailable(`The pod's node cannot be reached (${cause.message}): is its node process running?`);

async function targetOf(request: ApiRequest, subresource: string): Promise<NodeTarget> {
  const { api, query } = request;
  const pod = readRecord(request).object as Pod;
  const container = containerOf(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
  const path = `/${nodeServed[subresource] ?? subresource}/${pod.metadata?.namespace}/${pod.metadata?.name}${subresource === 'portforward' ? '' : `/${container}`}`;
  const wanted = new URLSearchParams(query);
  wanted.delete('container');
  return { container, options: { ...(await nodeAddress(api, nodeName)), path: `${path}?${wanted.toString()}` } };
}

async function nodeAddress(api: ApiContext, nodeName: string): Promise<RequestOptions> {
  const node = api.lookups.get('', 'Node', undefined, nodeName) as Node | undefined;
  if (node === undefined) throw notFound({ group: '', plural: 'nodes', name: nodeName });
  const address = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (address === undefined || port === undefined) throw unavailable(`Node ${nodeName} does not say where its agent listens`);
  const { certPem, keyPem } = await api.authority.client('apiserver-node-client', { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] });
  return { host: address, port, cert: certPem, key: keyPem, ca: api.authority.caPem, rejectUnauthorized: false, agent: false };
}

function containerOf(pod: Pod, wanted: string): string {
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []), ...(pod.spec?.ephemeralContainers ?? [])].map((c) => c.name ?? '');
  if (wanted === '') {
    if ((pod.spec?.containers ?? []).length === 1) return names[0] ?? '';
    const preferred = pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'];
    if (preferred !== undefined && names.includes(preferred)) return preferred;
    throw badRequest(`a container name must be specified for pod ${pod.metadata?.name}, choose one of: [${names.join(' ')}]`);
  }
  if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata?.name}`);
  return wanted;
}
