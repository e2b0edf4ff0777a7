import { createServer } from 'node:http';

const { HOST = '0.0.0.0', PORT = '8080', VERSION = 'dev', TRACK = 'none' } = process.env;
let draining = false;

const server = createServer((incoming, outgoing) => {
  const ready = incoming.url !== '/readyz' || !draining;
  const text = `${JSON.stringify({ version: VERSION, track: TRACK })}\n`;
  outgoing.writeHead(ready ? 200 : 503, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), 'X-Version': VERSION, 'X-Track': TRACK, ...(draining ? { Connection: 'close' } : {}) });
  outgoing.end(text);
});

process.on('SIGTERM', () => {
  draining = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST);
