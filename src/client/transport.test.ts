import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createTransport } from './transport.ts';

/** Answers the first request of each connection once `together` have come, and cuts the connection at its second. */
async function cuttingServer(together: number): Promise<{ url: string; close(): void }> {
  const known = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const server = createServer((req, res) => {
    if (known.has(req.socket)) return void req.socket.resetAndDestroy();
    known.add(req.socket);
    waiting.push(() => res.end('{}'));
    if (known.size === together) for (const answer of waiting) answer();
    else if (known.size > together) res.end('{}');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => { server.close(); server.closeAllConnections(); } };
}

test.for([
  { method: 'GET', then: 'is asked again on a new one', survives: true },
  { method: 'POST', then: 'fails, since it may have been done', survives: false },
])('when all idle connections turn out to be cut, a $method $then', async ({ method, survives }) => {
  const server = await cuttingServer(2);
  const transport = createTransport({ server: server.url });
  const asked = async (verb: string): Promise<number | undefined> => {
    const answer = await transport.send({ method: verb, path: '/' });
    answer.resume();
    await new Promise((resolve) => answer.on('close', resolve));
    return answer.statusCode;
  };
  await Promise.all([asked('GET'), asked('GET')]);
  const again = asked(method);
  await (survives ? expect(again).resolves.toBe(200) : expect(again).rejects.toThrow('cannot be reached'));
  transport.close();
  server.close();
});
