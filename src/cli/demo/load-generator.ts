import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isLocal } from '../../engine/network/local-route.ts';
import { planRequest, type LoadShape, type PlannedRequest } from './load-plan.ts';
import type { LostHop, RequestRecord } from './request-log.ts';

export interface LoadOptions extends LoadShape {
  /** Of routers, such as `http://127.96.0.9:8080`, on addresses of this machine. They get a request in turn. */
  readonly urls: readonly string[];
  /** To all of them together. */
  readonly requestsPerSecond: number;
  /** The file that gets one line a request. */
  readonly log: string;
  /** Ends the load; requests in flight are waited for. */
  readonly signal: AbortSignal;
  /** The load ends by itself after so long. */
  readonly maxMs: number;
  readonly onRecord?: (record: RequestRecord) => void;
}

const REQUEST_DEADLINE_MS = 30_000;
const TICK_MS = 10;
const TARGET_OFFSET = 997;
/** Keeps the orders of one run apart from those of another. */
const RUN = Math.floor(performance.timeOrigin);
/** When each connection was begun. */
const dialled = new WeakMap<Socket, number>();

/** Sends requests at an even rate, whatever the answers do (open loop), and never sends one twice. Resolves when all are answered. */
export async function generateLoad(options: LoadOptions): Promise<void> {
  for (const { hostname } of options.urls.map((url) => new URL(url))) {
    if (!/^(127\.|localhost$|\[::1\]$)/.test(hostname) && !(await isLocal(hostname))) throw new Error(`Load goes to addresses of this machine only, not to ${hostname}`);
  }
  const pooled = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64, timeout: 60_000 });
  const file = createWriteStream(options.log, { flags: 'w' });
  const inFlight = new Set<Promise<void>>();
  const startedAt = now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = now() - startedAt;
      if (options.signal.aborted || elapsedMs > options.maxMs) {
        clearInterval(timer);
        resolve();
        return;
      }
      const due = Math.min(sent + options.requestsPerSecond, Math.floor((elapsedMs / 1_000) * options.requestsPerSecond));
      while (sent < due) {
        const id = sent++;
        const running = send(targetOf(options.urls, id), id, planOf(options, id), pooled).then((record) => {
          file.write(`${JSON.stringify(record)}\n`);
          options.onRecord?.(record);
        });
        inFlight.add(running);
        void running.finally(() => inFlight.delete(running));
      }
    }, TICK_MS);
  });
  await Promise.all(inFlight);
  pooled.destroy();
  file.end();
  await once(file, 'finish');
}

const now = (): number => performance.timeOrigin + performance.now();

const targetOf = (urls: readonly string[], id: number): string => urls[id % urls.length] ?? '';

/** Each target has its own sequence of users, and begins it elsewhere than its neighbours, so that not all get the same at once. */
function planOf(options: LoadOptions, id: number): PlannedRequest {
  const targets = options.urls.length;
  return planRequest(Math.floor(id / targets) + (id % targets) * TARGET_OFFSET, options);
}

function send(url: string, id: number, plan: PlannedRequest, pooled: Agent): Promise<RequestRecord> {
  const { method, path, body } = wireOf(id, plan);
  const headers: Record<string, string> = { 'X-User-Id': plan.user };
  if (plan.group !== undefined) headers['X-Traffic-Group'] = plan.group;
  if (plan.kind === 'order') headers['Idempotency-Key'] = `order-${RUN}-${id}`;
  if (body !== undefined) headers['Content-Length'] = String(body.length);
  const base = { id, user: plan.user, ...(plan.group === undefined ? {} : { group: plan.group }), kind: plan.kind, connection: plan.connection, url };
  const sentAt = now();
  return new Promise((resolve) => {
    const connection = (): Pick<RequestRecord, 'dialledAt'> => {
      const dialledAt = call.socket && dialled.get(call.socket);
      return typeof dialledAt === 'number' ? { dialledAt } : {};
    };
    const fail = (error: string): void => resolve({ ...base, sentAt, finishedAt: now(), ...connection(), status: 0, error });
    const call = request(`${url}${path}`, { method, headers, agent: plan.connection === 'keep-alive' ? pooled : false, signal: AbortSignal.timeout(REQUEST_DEADLINE_MS) }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => { text += part; });
      reply.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      reply.on('end', () => {
        const wrong = check(plan, reply, text, body);
        resolve({ ...base, sentAt, finishedAt: now(), ...connection(), status: reply.statusCode ?? 0, ...headersOf(reply), ...(wrong === undefined ? {} : { error: wrong, ...lostHopOf(text) }) });
      });
    });
    call.on('socket', (socket) => { if (!dialled.has(socket)) dialled.set(socket, sentAt); });
    call.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    call.end(body);
  });
}

function wireOf(id: number, plan: PlannedRequest): { method: string; path: string; body?: Buffer } {
  switch (plan.kind) {
    case 'get': return { method: 'GET', path: '/' };
    case 'account': return { method: 'GET', path: '/account' };
    case 'slow': return { method: 'GET', path: `/slow?ms=${plan.slowMs}` };
    case 'upload': return { method: 'PUT', path: '/upload', body: Buffer.alloc(plan.bytes, id & 0xff) };
    case 'order': return { method: 'POST', path: '/orders', body: Buffer.alloc(0) };
  }
}

function headersOf(reply: IncomingMessage): Pick<RequestRecord, 'version' | 'track' | 'pod'> {
  const read = (name: string): string | undefined => (typeof reply.headers[name] === 'string' ? reply.headers[name] : undefined);
  const [version, track, pod] = [read('x-version'), read('x-track'), read('x-pod')];
  return { ...(version === undefined ? {} : { version }), ...(track === undefined ? {} : { track }), ...(pod === undefined ? {} : { pod }) };
}

/** What the service says of a connection of its own that broke. */
function lostHopOf(text: string): Pick<RequestRecord, 'lostHop'> {
  try {
    const { lostHop } = JSON.parse(text) as { lostHop?: LostHop };
    return lostHop === undefined ? {} : { lostHop };
  } catch {
    return {};
  }
}

/** What is wrong with an answer; undefined where all is well. */
function check(plan: PlannedRequest, reply: IncomingMessage, text: string, body: Buffer | undefined): string | undefined {
  if ((reply.statusCode ?? 0) >= 400) return `status ${reply.statusCode}: ${text.slice(0, 120).trim()}`;
  try {
    const answer = JSON.parse(text) as { sha256?: string; profile?: { user?: string; group?: string | null }; applied?: number };
    if (plan.kind === 'upload' && answer.sha256 !== createHash('sha256').update(body ?? '').digest('hex')) return 'upload arrived changed';
    if (plan.kind === 'account' && answer.profile?.user !== plan.user) return 'the user id did not cross two hops';
    if (plan.kind === 'account' && plan.group !== undefined && answer.profile?.group !== plan.group) return 'the traffic group did not cross two hops';
    if (plan.kind === 'order' && answer.applied !== 1) return `order applied ${answer.applied} times`;
    return undefined;
  } catch {
    return 'the answer is not JSON';
  }
}
