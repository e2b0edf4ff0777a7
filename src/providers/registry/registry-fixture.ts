import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real registry on loopback, for tests. */
export interface TestRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Pushes an image of one file; resolves to its digest. */
  push(name: string, tag: string, content: string): Promise<string>;
  /** Pushes an image as it is; resolves to its digest. */
  put(name: string, tag: string, image: { readonly manifest: Buffer; readonly blobs: readonly Buffer[] }): Promise<string>;
  stop(): Promise<void>;
}

/** Debian's docker-registry, which implements the OCI distribution specification. */
export const hasRegistry = ((): boolean => {
  try {
    execFileSync('docker-registry', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI']) throw new Error('docker-registry is missing: .ci/run installs what tests use');
    console.warn('SKIPPED: docker-registry is not installed; apt-get install docker-registry');
    return false;
  }
})();

export async function startRegistry(): Promise<TestRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'aweigh-registry-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  writeFileSync(join(root, 'config.yml'), `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${root}/data } }\nhttp: { addr: '${host}' }\n`);
  const child = spawn('docker-registry', ['serve', join(root, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let attempt = 0; ; attempt++) {
    const answered = await fetch(`http://${host}/v2/`).then((reply) => reply.ok, () => false);
    if (answered) break;
    if (attempt > 600 || child.exitCode !== null) throw new Error('docker-registry did not start');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return {
    host,
    push: (name, tag, content) => put(host, name, tag, imageOf(content)),
    put: (name, tag, image) => put(host, name, tag, image),
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

function imageOf(content: string): { manifest: Buffer; blobs: Buffer[] } {
  const folder = mkdtempSync(join(tmpdir(), 'aweigh-layer-'));
  writeFileSync(join(folder, 'content'), content);
  const layer = execFileSync('tar', ['-C', folder, '--mtime=@0', '-cf', '-', 'content']);
  rmSync(folder, { recursive: true });
  const config = Buffer.from(JSON.stringify({ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: { Cmd: ['cat', '/content'] }, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }));
  const described = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: described('application/vnd.oci.image.config.v1+json', config), layers: [described('application/vnd.oci.image.layer.v1.tar', layer)] };
  return { manifest: Buffer.from(JSON.stringify(manifest)), blobs: [layer, config] };
}

async function put(host: string, name: string, tag: string, { manifest, blobs }: { readonly manifest: Buffer; readonly blobs: readonly Buffer[] }): Promise<string> {
  for (const blob of blobs) {
    const started = await fetch(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(started.headers.get('location') ?? '', `http://${host}`);
    place.searchParams.set('digest', digestOf(blob));
    const taken = await fetch(place, { method: 'PUT', body: new Uint8Array(blob), headers: { 'content-type': 'application/octet-stream' } });
    if (taken.status !== 201) throw new Error(`The registry refused a blob: ${taken.status}`);
  }
  const taken = await fetch(`http://${host}/v2/${name}/manifests/${tag}`, { method: 'PUT', body: new Uint8Array(manifest), headers: { 'content-type': MANIFEST } });
  if (taken.status !== 201) throw new Error(`The registry refused a manifest: ${taken.status} ${await taken.text()}`);
  return digestOf(manifest);
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
