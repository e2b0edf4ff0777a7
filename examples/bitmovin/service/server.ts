import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const { HOST = '0.0.0.0', PORT = '8080', VERSION = 'dev', TRACK = 'none', POD_NAME = 'local' } = process.env;
const LONGEST_MS = 2_000;
let draining = false;

const server = createServer((incoming, outgoing) => {
  for (const [name, value] of [['X-Version', VERSION], ['X-Track', TRACK], ['X-Pod', POD_NAME]] as const) outgoing.setHeader(name, value);
  if (draining) outgoing.setHeader('Connection', 'close');
  handle(incoming, outgoing).catch(() => outgoing.destroy());
});

async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://service');
  switch (`${incoming.method} ${url.pathname}`) {
    case 'GET /': return answer(outgoing, 200, { version: VERSION, track: TRACK });
    case 'GET /readyz': return answer(outgoing, draining ? 503 : 200, { ready: !draining });
    case 'GET /slow': await wait(Math.min(LONGEST_MS, Number(url.searchParams.get('ms') ?? '300'))); return answer(outgoing, 200, { slow: true });
    case 'PUT /upload': return answer(outgoing, 200, { sha256: await digest(incoming) });
    default: return answer(outgoing, 404, { error: `no ${incoming.method} ${url.pathname}` });
  }
}

function answer(outgoing: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  outgoing.end(text);
}

async function digest(incoming: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of incoming as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

process.on('SIGTERM', () => {
  draining = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST);
