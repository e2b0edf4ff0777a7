import { createServer } from 'node:http';
import { UserError } from '../user-error.ts';

/** Answers the probes of a kubelet: `/livez` while the process turns, `/readyz` once `isReady`. @param address `host:port` */
export async function serveHealth(address: string, isReady: () => boolean): Promise<{ close(): void }> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon), port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) throw new UserError(`--health-address is HOST:PORT, not '${address}'`);
  const server = createServer((req, res) => {
    const good = req.url === '/livez' || (req.url === '/readyz' && isReady());
    res.writeHead(good ? 200 : req.url === '/readyz' ? 503 : 404).end(good ? 'ok' : 'no');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new UserError(`Cannot listen on ${address} for health probes: ${cause.message}`, { cause })));
    server.listen(port, host, resolve);
  });
  return { close: () => { server.close(); server.closeAllConnections(); } };
}
