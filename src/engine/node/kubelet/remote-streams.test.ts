import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { exitStatus } from './channels.ts';
import { webSocketStreams } from './remote-streams.ts';

/** What a client of a protocol receives of a command that says `hello` and ends so: channel and text of each message. */
async function received(protocol: string, exitCode: number): Promise<readonly (readonly [number, string])[]> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    const streams = webSocketStreams(socket);
    void streams.write('stdout', Buffer.from('hello')).then(() => streams.end(exitStatus(exitCode)));
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, [protocol]);
  const messages: [number, string][] = [];
  client.on('message', (data: Buffer) => messages.push([data[0]!, data.subarray(1).toString()]));
  await once(client, 'close');
  server.close();
  return messages;
}

test.for(['v5.channel.k8s.io', 'v4.channel.k8s.io'])('the end of a command is a Status in %s', async (protocol) => {
  const [output, end] = await received(protocol, 0);
  expect([output, end![0], JSON.parse(end![1])]).toEqual([[1, 'hello'], 3, { metadata: {}, status: 'Success' }]);
});

test('in elder protocols a good end says nothing, and a bad one a text', async () => {
  expect(await received('channel.k8s.io', 0)).toEqual([[1, 'hello']]);
  expect(await received('v2.channel.k8s.io', 3)).toEqual([[1, 'hello'], [3, 'command terminated with non-zero exit code: 3']]);
});
