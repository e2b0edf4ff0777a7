import { createHash } from 'node:crypto';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const { HOST = '0.0.0.0', PORT = '8080', VERSION = 'dev', TRACK = 'none', POD_NAME = 'local', PROFILE_SERVICE_SERVICE_HOST, PROFILE_SERVICE_SERVICE_PORT = '8080', PROFILE_URL } = process.env;
const profileUrl = PROFILE_URL ?? (PROFILE_SERVICE_SERVICE_HOST ? `http://${PROFILE_SERVICE_SERVICE_HOST}:${PROFILE_SERVICE_SERVICE_PORT}` : undefined);
const START_UP_MS = 800;
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
/** When each connection to the profile service was begun. */
const dialledAt = new WeakMap<Socket, number>();
const LINGER_MS = 2_000;
let draining = false;
let warm = false;

const server = createServer((incoming, outgoing) => {
  outgoing.setHeader('X-Version', VERSION);
  outgoing.setHeader('X-Track', TRACK);
  outgoing.setHeader('X-Pod', POD_NAME);
  if (draining) outgoing.setHeader('Connection', 'close');
  handle(incoming, outgoing).catch((error: unknown) => {
    if (!outgoing.headersSent) answer(outgoing, 502, { error: error instanceof Error ? error.message : 'unknown', ...(error instanceof LostHop ? { lostHop: error.lostHop } : {}) });
    else outgoing.destroy();
  });
});

/** The connection to the profile service broke. The answer says since when it was there, so that a caller can tell whose fault it was. */
class LostHop extends Error {
  readonly lostHop: { readonly code: string; readonly dialledAt: number };

  constructor(error: NodeJS.ErrnoException, dialled: number) {
    super(`profile-service: ${error.message}`);
    this.lostHop = { code: error.code ?? 'unknown', dialledAt: dialled };
  }
}

async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://account-service');
  switch (`${incoming.method} ${url.pathname}`) {
    case 'GET /healthz': return answer(outgoing, 200, { ok: true });
    case 'GET /readyz': return answer(outgoing, warm && !draining ? 200 : 503, { ready: warm && !draining });
    case 'GET /': return answer(outgoing, 200, { service: 'account-service', version: VERSION });
    case 'GET /slow': await wait(Math.min(5_000, Number(url.searchParams.get('ms') ?? '300'))); return answer(outgoing, 200, { slow: true });
    case 'GET /account': return answer(outgoing, 200, { account: incoming.headers['x-user-id'], profile: JSON.parse(await profile(incoming, 'GET', '/profile')) as unknown });
    case 'PUT /upload': return answer(outgoing, 200, await digest(incoming));
    case 'POST /orders': return answer(outgoing, 201, JSON.parse(await profile(incoming, 'POST', `/ledger/${encodeURIComponent(String(incoming.headers['idempotency-key'] ?? ''))}`)));
    default: return answer(outgoing, 404, { error: `no ${incoming.method} ${url.pathname}` });
  }
}

function answer(outgoing: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  outgoing.end(text);
}

async function digest(incoming: IncomingMessage): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The second hop: traffic group and user id go with the request. Never sent twice. */
function profile(incoming: IncomingMessage, method: string, path: string): Promise<string> {
  if (profileUrl === undefined) throw new Error('PROFILE_URL is not set and there is no Service profile-service: start it first');
  const headers: Record<string, string> = {};
  for (const name of ['x-traffic-group', 'x-user-id']) {
    const value = incoming.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return new Promise((resolve, reject) => {
    const call = request(`${profileUrl}${path}`, { method, headers, agent }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('error', lost).on('end', () => {
        if ((reply.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`profile-service answered ${reply.statusCode}`));
      });
    });
    const lost = (error: NodeJS.ErrnoException): void => reject(new LostHop(error, (call.socket && dialledAt.get(call.socket)) ?? Date.now()));
    call.on('socket', (socket) => { if (!dialledAt.has(socket)) dialledAt.set(socket, Date.now()); });
    call.on('error', lost).end();
  });
}

function drain(): void {
  if (draining) return;
  draining = true;
  // Answers say 'Connection: close' for a while before idle connections end: a client that keeps one does not send into its closing.
  setTimeout(() => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  }, LINGER_MS);
}
process.on('SIGTERM', drain);
process.on('SIGINT', drain);

server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST, () => setTimeout(() => { warm = true; }, START_UP_MS));
