import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ProxyRule, Target } from './proxy-rules.ts';
import { serviceListener } from './service-listener.ts';

const clock = { now: () => Date.now(), after: (ms: number, call: () => void) => { const t = setTimeout(call, ms); return () => clearTimeout(t); } };
const closing: (() => void)[] = [];
afterEach(() => { for (const close of closing.splice(0)) close(); });

async function program(answer: (input: string) => string): Promise<Target & { server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let input = '';
    socket.on('data', (d) => (input += d.toString()));
    socket.on('end', () => socket.end(answer(input)));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, server };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

const rule = (port: number, targets: Target[], affinityMs?: number): ProxyRule => ({ listen: `127.0.0.1:${port}`, protocol: 'TCP', address: '127.0.0.1', port, namespace: 'd', service: 's', targets, affinityMs });

function ask(port: number, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(input));
    let output = '';
    socket.on('data', (d) => (output += d.toString()));
    socket.on('end', () => resolve(output));
    socket.on('error', reject);
  });
}

test('a half-closed request still gets its whole answer, in turn from every target', async () => {
  const [one, two] = [await program((i) => `one:${i.length}`), await program((i) => `two:${i.length}`)];
  const port = await freePort();
  const listener = await serviceListener(rule(port, [one, two]), clock);
  closing.push(() => listener.destroy());
  const big = 'x'.repeat(2_000_000);
  expect([await ask(port, big), await ask(port, 'b'), await ask(port, 'c')].toSorted()).toEqual(['one:1', 'one:2000000', 'two:1']);
});

test('a target that refuses is passed over before any byte is lost', async () => {
  const live = await program((i) => `live:${i}`);
  const dead = { address: '127.0.0.1', port: await freePort() };
  const port = await freePort();
  const listener = await serviceListener(rule(port, [dead, live, dead]), clock);
  closing.push(() => listener.destroy());
  for (let i = 0; i < 9; i++) expect(await ask(port, String(i))).toBe(`live:${i}`);
});

test('without targets a connection is reset; with them again it is served', async () => {
  const live = await program(() => 'ok');
  const port = await freePort();
  const listener = await serviceListener(rule(port, []), clock);
  closing.push(() => listener.destroy());
  await expect(ask(port, 'x')).rejects.toThrow('ECONNRESET');
  listener.update(rule(port, [live]));
  expect(await ask(port, 'x')).toBe('ok');
});

test('a removed target keeps its open connections', async () => {
  const old = await program((i) => `old:${i}`);
  const fresh = await program((i) => `new:${i}`);
  const port = await freePort();
  const listener = await serviceListener(rule(port, [old]), clock);
  closing.push(() => listener.destroy());
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => { old.server.once('connection', () => resolve()); socket.on('error', reject); });
  listener.update(rule(port, [fresh]));
  let output = '';
  socket.on('data', (d) => (output += d.toString()));
  socket.end('late');
  await new Promise((resolve) => socket.once('end', resolve));
  expect(output).toBe('old:late');
  expect(await ask(port, 'x')).toBe('new:x');
});

test('with client affinity one client address stays with one target', async () => {
  const [one, two] = [await program(() => 'one'), await program(() => 'two')];
  const port = await freePort();
  const listener = await serviceListener(rule(port, [one, two], 60_000), clock);
  closing.push(() => listener.destroy());
  const answers = new Set(await Promise.all([1, 2, 3, 4].map(async () => ask(port, '')))) ;
  const later = new Set<string>();
  for (let i = 0; i < 6; i++) later.add(await ask(port, ''));
  expect(later.size).toBe(1);
  expect(answers.size).toBeGreaterThan(0);
});
