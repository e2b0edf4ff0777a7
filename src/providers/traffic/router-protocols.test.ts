import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trafficOf } from '../../controllers/routing/reconcile.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { TrafficServer } from '../../controllers/routing/traffic-provider.ts';
import { type Http2Client, http2Client, type Http2Service, startHttp2Service } from './http2-service.ts';
import { type RouterHandle, send } from './router-fixture.ts';
import { base, kinds, router, servers, services } from './router-suite.ts';

const PORT = 8080;
const versions = ['v1', 'v2'].map((version) => ({ name: `production-${version}`, track: 'production', version, service: version, floor: 1 }));
const inProduction = (version: string): RouterSpec => ({ ...base, backends: versions, routes: [], production: { backend: `production-${version}`, seed: 's' } });
const there = (v1: readonly TrafficServer[], v2: readonly TrafficServer[]) => new Map([['production-v1', v1], ['production-v2', v2]]);

async function http2Services(): Promise<[Http2Service, Http2Service]> {
  const both = [await startHttp2Service('v1', PORT), await startHttp2Service('v2', PORT)] as const;
  onTestFinished(async () => { await Promise.all(both.map((s) => s.close())); });
  return [...both];
}
const server = ({ address, port }: { address: string; port: number }, draining = false): TrafficServer => ({ address, port, draining });

function client(r: RouterHandle): Http2Client {
  const made = http2Client(r.pod.address, PORT);
  onTestFinished(() => made.close());
  return made;
}

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
  test('gRPC passes both ways piece by piece, with its trailers, and its user goes where his bucket says', async () => {
    const [v1, v2] = await http2Services();
    const r = await router(kind, { appProtocol: 'grpc' });
    const spec: RouterSpec = { ...base, routes: base.routes.map((route) => ({ ...route, share: 10_000 })) };
    await r.tell(trafficOf(spec, new Map([['internal-v2', [server(v2)]], ['free-v2', [server(v2)]], ['production-v1', [server(v1)]]])));
    const c = client(r);
    const stream = c.open({ 'x-traffic-group': 'FREE', 'x-user-id': 'ann' });
    stream.send('one');
    expect((await stream.head)['x-version']).toBe('v2');
    await expect.poll(() => stream.text()).toBe('one');
    stream.send('two');
    await expect.poll(() => stream.text()).toBe('onetwo');
    expect(await stream.end()).toMatchObject({ 'grpc-status': '0', 'x-done': 'yes' });
    expect(v2.seen[0]).toMatchObject({ ':path': '/shop.Shop/Chat', te: 'trailers', 'x-traffic-group': 'FREE' });
    expect(v2.seen[0]?.['x-forwarded-for']).toMatch(/^127\./);
    const other = c.open({ 'x-traffic-group': 'ENTERPRISE' });
    expect((await other.head)['x-version']).toBe('v1');
    await other.end();
    const { backends } = await r.provider.stats(r.pod, r.credentials, AbortSignal.timeout(5_000));
    expect(backends.find((b) => b.backend === 'free-v2')).toMatchObject({ total: 1, errors: 0 });
  });

  test('clients of HTTP/1.1 reach servers of HTTP/2, and clients of HTTP/2 those of HTTP/1.1', async () => {
    const [v1] = await http2Services();
    const r = await router(kind, { appProtocol: 'kubernetes.io/h2c' });
    await r.tell(trafficOf(inProduction('v1'), there([server(v1)], [])));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => send({ address: r.pod.address, method: 'POST', body: 'x'.repeat(20_000 + i) })));
    expect(answers.map((a) => [a.status, a.version, a.body.length])).toEqual(answers.map((_, i) => [200, 'v1', 20_000 + i]));
    const plain = await services('v2', 1);
    const r1 = await router(kind);
    await r1.tell(trafficOf(inProduction('v2'), there([], servers(plain))));
    const stream = client(r1).open({ ':path': '/?id=7' });
    stream.send('abc');
    await stream.end();
    expect((await stream.head)['x-version']).toBe('v2');
    expect(stream.text()).toBe('v2:3');
  });

  test('streams that run stay with the version that left until they end; new ones reach the new version', async () => {
    const [v1, v2] = await http2Services();
    const r = await router(kind, { appProtocol: 'grpc' });
    await r.tell(trafficOf(inProduction('v1'), there([server(v1)], [server(v2)])));
    const c = client(r);
    const running = Array.from({ length: 10 }, () => c.open());
    for (const stream of running) stream.send('before');
    await Promise.all(running.map((s) => s.head));
    await r.tell(trafficOf(inProduction('v2'), there([server(v1)], [server(v2)])));
    const fresh = c.open();
    expect((await fresh.head)['x-version']).toBe('v2');
    await fresh.end();
    // The old pods terminate, then are gone from the endpoints: what runs on them is theirs to end.
    await r.tell(trafficOf(inProduction('v2'), there([server(v1, true)], [server(v2)])));
    await r.tell(trafficOf(inProduction('v2'), there([], [server(v2)])));
    await r.tell(trafficOf({ ...inProduction('v2'), backends: [versions[1]!] }, there([], [server(v2)])));
    for (const stream of running) stream.send(' after');
    expect(await Promise.all(running.map((s) => s.end()))).toEqual(running.map(() => expect.objectContaining({ 'grpc-status': '0' })));
    expect(running.map((s) => s.text())).toEqual(running.map(() => 'before after'));
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

  test('a slow upload and a slow download go on through a switch and the end of their endpoint', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const r = await router(kind);
    await r.tell(trafficOf(inProduction('v1'), there(servers(old), servers(fresh))));
    const upload = connect(PORT, r.pod.address);
    const download = connect(PORT, r.pod.address);
    onTestFinished(() => { upload.destroy(); download.destroy(); });
    let uploaded = '';
    let downloaded = 0;
    upload.on('data', (d: Buffer) => (uploaded += d.toString()));
    download.on('error', () => undefined);
    upload.write('POST /?id=slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 12\r\n\r\nabcd');
    download.write('GET /?bytes=20000000 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
    await expect.poll(() => old[0]?.requests).toBe(2);
    await r.tell(trafficOf(inProduction('v2'), there(servers(old, true), servers(fresh))));
    upload.write('efgh');
    await r.tell(trafficOf({ ...inProduction('v2'), backends: [versions[1]!] }, there([], servers(fresh))));
    upload.write('ijkl');
    await expect.poll(() => uploaded).toContain('v1:12');
    download.on('data', (d: Buffer) => (downloaded += d.length));
    await expect.poll(() => downloaded, { timeout: 20_000 }).toBeGreaterThan(20_000_000);
    expect(old[0]?.posts).toEqual(['slow']);
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
