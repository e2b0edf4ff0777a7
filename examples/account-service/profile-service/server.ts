import { createServer } from 'node:http';

const { HOST = '0.0.0.0', PORT = '8080' } = process.env;
/** How often each order was applied. More than once is what no router may cause. */
const ledger = new Map<string, number>();

const server = createServer((incoming, outgoing) => {
  const reply = (status: number, body: unknown): void => {
    const text = `${JSON.stringify(body)}\n`;
    outgoing.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
  };
  const path = incoming.url ?? '/';
  if (incoming.method === 'POST' && path.startsWith('/ledger/')) {
    const key = decodeURIComponent(path.slice('/ledger/'.length));
    ledger.set(key, (ledger.get(key) ?? 0) + 1);
    reply(201, { key, applied: ledger.get(key) });
  } else if (path === '/ledger') {
    reply(200, { orders: ledger.size, repeated: [...ledger].filter(([, times]) => times > 1).map(([key]) => key) });
  } else if (path === '/ledger/keys') {
    reply(200, Object.fromEntries(ledger));
  } else if (path === '/profile') {
    reply(200, { user: incoming.headers['x-user-id'] ?? null, group: incoming.headers['x-traffic-group'] ?? null });
  } else if (path === '/healthz') {
    reply(200, { ok: true });
  } else {
    reply(404, { error: `no ${incoming.method} ${path}` });
  }
});

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST);
