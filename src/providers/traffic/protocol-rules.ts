import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { RouterSpec } from '../../api/router/router.ts';
import type { TrafficServer } from '../../controllers/routing/traffic-provider.ts';
import { http2Client, type Http2Client, type Http2Service, startHttp2Service } from './http2-service.ts';
import { send } from './router-fixture.ts';
import { base, servers, services } from './router-suite.ts';
import type { RoutedEntry } from './routing-rules.ts';

export const PORT = 8080;
export const versions = ['v1', 'v2'].map((version) => ({ name: `production-${version}`, track: 'production', version, service: version, floor: 1 }));
export const inProduction = (version: string): RouterSpec => ({ ...base, backends: versions, routes: [], production: { backend: `production-${version}`, seed: 's' } });
export const there = (v1: readonly TrafficServer[], v2: readonly TrafficServer[]) => new Map([['production-v1', v1], ['production-v2', v2]]);
export const server = ({ address, port }: { address: string; port: number }, draining = false): TrafficServer => ({ address, port, draining });

export async function http2Services(): Promise<[Http2Service, Http2Service]> {
  const both = [await startHttp2Service('v1', PORT), await startHttp2Service('v2', PORT)] as const;
  onTestFinished(async () => { await Promise.all(both.map((s) => s.close())); });
  return [...both];
}

export function http2ClientOf(address: string): Http2Client {
  const made = http2Client(address, PORT);
  onTestFinished(() => made.close());
  return made;
}

/** What every provider does with protocols beyond plain requests, routers of Aweigh's own and Gateways alike. @param start a fresh entry, which ends with its test */
export function protocolRules(start: (options?: { readonly appProtocol?: string }) => Promise<RoutedEntry>): void {
  test('gRPC passes both ways piece by piece, with its trailers, and goes where its group says', async () => {
    const [v1, v2] = await http2Services();
    const entry = await start({ appProtocol: 'kubernetes.io/h2c' });
    const spec: RouterSpec = { ...base, routes: base.routes.map((route) => ({ ...route, share: 10_000 })) };
    await entry.route(spec, new Map([['internal-v2', [server(v2)]], ['free-v2', [server(v2)]], ['production-v1', [server(v1)]]]));
    const c = http2ClientOf(entry.address);
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
  });

  test('clients of HTTP/1.1 reach servers of HTTP/2', async () => {
    const [v1] = await http2Services();
    const entry = await start({ appProtocol: 'kubernetes.io/h2c' });
    await entry.route(inProduction('v1'), there([server(v1)], []));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => send({ address: entry.address, method: 'POST', body: 'x'.repeat(20_000 + i) })));
    expect(answers.map((a) => [a.status, a.version, a.body.length])).toEqual(answers.map((_, i) => [200, 'v1', 20_000 + i]));
  });

  test('streams that run stay with the version that left until they end; new ones reach the new version', async () => {
    const [v1, v2] = await http2Services();
    const entry = await start({ appProtocol: 'kubernetes.io/h2c' });
    await entry.route(inProduction('v1'), there([server(v1)], [server(v2)]));
    const c = http2ClientOf(entry.address);
    const running = Array.from({ length: 10 }, () => c.open());
    for (const stream of running) stream.send('before');
    await Promise.all(running.map((s) => s.head));
    await entry.route(inProduction('v2'), there([server(v1)], [server(v2)]));
    const fresh = c.open();
    expect((await fresh.head)['x-version']).toBe('v2');
    await fresh.end();
    // The old pods terminate, then are gone from the endpoints: what runs on them is theirs to end.
    await entry.route(inProduction('v2'), there([server(v1, true)], [server(v2)]));
    await entry.route(inProduction('v2'), there([], [server(v2)]));
    await entry.route({ ...inProduction('v2'), backends: [versions[1]!] }, there([], [server(v2)]));
    for (const stream of running) stream.send(' after');
    expect(await Promise.all(running.map((s) => s.end()))).toEqual(running.map(() => expect.objectContaining({ 'grpc-status': '0' })));
    expect(running.map((s) => s.text())).toEqual(running.map(() => 'before after'));
  });

  test('a slow upload and a slow download go on through a switch and the end of their endpoint', async () => {
    const [old, fresh] = [await services('v1', 1), await services('v2', 1)];
    const entry = await start();
    await entry.route(inProduction('v1'), there(servers(old), servers(fresh)));
    const upload = connect(PORT, entry.address);
    const download = connect(PORT, entry.address);
    onTestFinished(() => { upload.destroy(); download.destroy(); });
    let uploaded = '';
    let downloaded = 0;
    upload.on('data', (d: Buffer) => (uploaded += d.toString()));
    download.on('error', () => undefined);
    upload.write('POST /?id=slow HTTP/1.1\r\nHost: shop\r\nContent-Length: 12\r\n\r\nabcd');
    download.write('GET /?bytes=20000000 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
    await expect.poll(() => old[0]?.requests, { timeout: 10_000 }).toBe(2);
    await entry.route(inProduction('v2'), there(servers(old, true), servers(fresh)));
    upload.write('efgh');
    await entry.route({ ...inProduction('v2'), backends: [versions[1]!] }, there([], servers(fresh)));
    upload.write('ijkl');
    await expect.poll(() => uploaded, { timeout: 10_000 }).toContain('v1:12');
    download.on('data', (d: Buffer) => (downloaded += d.length));
    await expect.poll(() => downloaded, { timeout: 20_000 }).toBeGreaterThan(20_000_000);
    expect(old[0]?.posts).toEqual(['slow']);
  });
}
