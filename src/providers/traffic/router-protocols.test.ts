import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trafficOf } from '../../controllers/routing/reconcile.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { Http2Client } from './http2-service.ts';
import { http2ClientOf, http2Services, inProduction, PORT, protocolRules, server, there } from './protocol-rules.ts';
import { type RouterHandle, send } from './router-fixture.ts';
import { base, kinds, router, servers, services } from './router-suite.ts';

const client = (r: RouterHandle): Http2Client => http2ClientOf(r.pod.address);

function webSocket(r: RouterHandle): { socket: Socket; text: () => string; closed: () => boolean } {
  const socket = connect(PORT, r.pod.address);
  onTestFinished(() => { socket.destroy(); });
  let text = '';
  let closed = false;
  socket.on('data', (d: Buffer) => (text += d.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => { closed = true; });
  socket.write('GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  return { socket, text: () => text, closed: () => closed };
}

describe.each(kinds)('%s', (kind) => {
  protocolRules(async (options) => {
    const r = await router(kind, options);
    return { address: r.pod.address, route: async (spec, there) => void (await r.tell(trafficOf(spec, there))) };
  });

  test('gRPC of a user goes where his bucket says, and is counted', async () => {
    const [v1, v2] = await http2Services();
    const r = await router(kind, { appProtocol: 'grpc' });
    const spec: RouterSpec = { ...base, routes: base.routes.map((route) => ({ ...route, share: 10_000 })) };
    await r.tell(trafficOf(spec, new Map([['internal-v2', [server(v2)]], ['free-v2', [server(v2)]], ['production-v1', [server(v1)]]])));
    const stream = client(r).open({ 'x-traffic-group': 'FREE', 'x-user-id': 'ann' });
    expect((await stream.head)['x-version']).toBe('v2');
    await stream.end();
    const { backends } = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000));
    expect(backends.find((b) => b.backend === 'free-v2')).toMatchObject({ total: 1, errors: 0 });
  });

  test('clients of HTTP/2 reach servers of HTTP/1.1', async () => {
    const plain = await services('v2', 1);
    const r1 = await router(kind);
    await r1.tell(trafficOf(inProduction('v2'), there([], servers(plain))));
    const stream = client(r1).open({ ':path': '/?id=7' });
    stream.send('abc');
    await stream.end();
    expect((await stream.head)['x-version']).toBe('v2');
    expect(stream.text()).toBe('v2:3');
  });

  test('a stopping router lets streams and WebSockets end by themselves, takes no new ones, and waits no longer than it may', async () => {
    const [v1] = await http2Services();
    const r = await router(kind, { appProtocol: 'grpc', router: { drainSeconds: 30 } });
    await r.tell(trafficOf(inProduction('v1'), there([server(v1)], [])));
    const c = client(r);
    const running = c.open();
    running.send('before');
    await running.head;
    const stopped = r.stop();
    await expect.poll(() => c.goingAway(), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => send({ address: r.pod.address }).then(() => 'taken', () => 'refused'), { timeout: 10_000 }).toBe('refused');
    running.send(' after');
    await running.end();
    expect(running.text()).toBe('before after');
    await stopped;

    const plain = await services('v1', 1);
    const second = await router(kind, { router: { drainSeconds: 1 } });
    await second.tell(trafficOf(inProduction('v1'), there(servers(plain), [])));
    const ws = webSocket(second);
    await expect.poll(() => ws.text()).toContain('101 Switching');
    const ending = second.stop();
    ws.socket.write('still here');
    await expect.poll(() => ws.text()).toContain('still here');
    await ending;
    await expect.poll(() => ws.closed(), { timeout: 5_000 }).toBe(true);
  });

  test('a WebSocket stays with its version through a switch and the end of its endpoint, and is counted', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    await r.tell(trafficOf(inProduction('v1'), there(servers(old), servers(fresh))));
    const ws = webSocket(r);
    await expect.poll(() => ws.text()).toMatch(/x-version: v1/i);
    await r.tell(trafficOf(inProduction('v2'), there(servers(old), servers(fresh))));
    await r.tell(trafficOf(inProduction('v2'), there([], servers(fresh))));
    ws.socket.write('hello');
    await expect.poll(() => ws.text()).toContain('hello');
    expect(ws.closed()).toBe(false);
    const later = webSocket(r);
    await expect.poll(() => later.text()).toMatch(/x-version: v2/i);
    later.socket.end();
    await expect.poll(() => later.closed(), { timeout: 5_000 }).toBe(true);
    const { backends } = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000));
    expect(backends.find((b) => b.backend === 'production-v2')).toMatchObject({ total: 1, errors: 0 });
    await expect.poll(() => r.log().map((l) => [l['version'], l['status']]), { timeout: 5_000 }).toEqual([['v2', 101]]);
  });

  test('a server of HTTP/2 that is gone costs no request', async () => {
    const [v1, second] = await http2Services();
    const r = await router(kind, { appProtocol: 'kubernetes.io/h2c' });
    await r.tell(trafficOf(inProduction('v1'), there([server(v1), server(second)], [])));
    await Promise.all(Array.from({ length: 8 }, () => send({ address: r.pod.address })));
    await second.close();
    const answers: number[] = [];
    for (let i = 0; i < 20; i++) answers.push((await send({ address: r.pod.address })).status);
    expect(answers).toEqual(answers.map(() => 200));
  });
});
