import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../runtime/system-clock.ts';
import { CertificateAuthority } from '../certificates/authority.ts';
import { connectionOptions, keepConnections } from './connections.ts';

const folder = mkdtempSync(join(tmpdir(), 'aweigh-connections-'));
let authority: CertificateAuthority;
beforeAll(async () => { authority = await CertificateAuthority.open(folder, systemClock); });
afterAll(() => rmSync(folder, { recursive: true }));

interface Connection {
  readonly client: TLSSocket;
  /** The server's end. */
  readonly taken: TLSSocket;
  /** Resolves with all that came from the server so far, once that includes the text; with the error when the connection is cut before. */
  received(text: string): Promise<string>;
  stopServer(): Promise<void>;
}

async function connected(answer: (path: string, response: ServerResponse) => void): Promise<Connection> {
  const { certPem, keyPem } = await authority.serving('server', ['127.0.0.1']);
  const server = createSecureServer({ ...connectionOptions, allowHTTP1: true, cert: certPem, key: keyPem });
  server.on('request', (request, response) => answer(request.url, response as unknown as ServerResponse));
  const stopServer = keepConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taking = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: authority.caPem });
  const [taken] = await taking;
  let all = '';
  client.setEncoding('utf8').on('data', (text: string) => { all += text; });
  return {
    client, taken, stopServer,
    received: (text) => new Promise((resolve, reject) => {
      const look = (): void => { if (all.includes(text)) resolve(all); };
      client.on('data', look).on('error', reject).on('close', () => reject(new Error(`The server closed the connection; it sent ${JSON.stringify(all)}`)));
      look();
    }),
  };
}

const request = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody`;
const echo = (path: string, response: ServerResponse): void => void response.writeHead(200, { 'content-length': path.length }).end(path);

test('a request that came in while the server was busy is answered, though the time of its idle connection is up', async () => {
  const { client, taken, received, stopServer } = await connected(echo);
  client.write(request('/first'));
  expect(await received('/first')).toContain('Keep-Alive: timeout=120');
  client.write(request('/second'));
  // What a timer does that is due before the server has looked at its connections again.
  taken.emit('timeout');
  await received('/second');
  client.destroy();
  await stopServer();
});

test('a connection that idles is closed', async () => {
  const { client, taken, received, stopServer } = await connected(echo);
  client.write(request('/first'));
  await received('/first');
  taken.emit('timeout');
  await once(client, 'close');
  await stopServer();
});

test('a server that stops answers the requests that it has taken', async () => {
  const { promise: taken, resolve: take } = Promise.withResolvers<() => void>();
  const { client, received, stopServer } = await connected((path, response) => take(() => void setTimeout(() => echo(path, response), 500)));
  client.write(request('/slow'));
  const answerLater = await taken;
  const answered = received('/slow');
  const stopped = stopServer();
  answerLater();
  await answered;
  await stopped;
});
