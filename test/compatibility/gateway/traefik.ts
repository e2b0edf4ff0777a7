import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Client } from '../../../src/client/client.ts';
import { CustomResourceDefinitions } from '../../../src/client/kinds.ts';
import { resource, type ObjectKey } from '../../../src/client/resource.ts';
import type { CustomResourceDefinition } from '../../../src/kubernetes/types.generated.ts';
import { Gateways, type HttpRoute } from '../../../src/providers/traffic/gateway-api/kinds.ts';
import { eventually } from '../../e2e/command-line.ts';
import { gatewayDefinitions, traefikBinary } from './traefik-binary.ts';

const GatewayClasses = resource('gateway.networking.k8s.io', 'v1', 'gatewayclasses', 'GatewayClass', false);

export interface TraefikOptions {
  readonly client: Client;
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
  /** Loopback address that users come to. */
  readonly address: string;
  /** Default: a free one. */
  readonly port?: number;
  /** How seldom a new configuration is taken over. Default: Traefik's own, 2 s. */
  readonly throttle?: string;
}

interface RawData {
  readonly routers?: Record<string, { readonly rule: string; readonly service: string }>;
  readonly services?: Record<string, { readonly loadBalancer?: { readonly servers?: { readonly url: string }[] }; readonly weighted?: { readonly services: { readonly name: string; readonly weight?: number }[] } }>;
}

/** A real gateway: Traefik, which is controller and data plane in one, with the definitions of the Gateway API and one Gateway. */
export class Traefik {
  readonly url: string;
  readonly gateway: ObjectKey = { namespace: 'default', name: 'edge' };
  #child: ChildProcess;
  readonly #flags: readonly string[];
  readonly #folder: string;
  readonly #api: string;

  private constructor(flags: readonly string[], folder: string, url: string, api: string) {
    this.#flags = flags;
    this.#folder = folder;
    this.url = url;
    this.#api = api;
    this.#child = this.#spawn();
  }

  static async start(options: TraefikOptions): Promise<Traefik> {
    const { client, address } = options;
    await installDefinitions(client);
    const port = options.port ?? (await freePort(address));
    await client.apply(GatewayClasses, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'traefik' }, spec: { controllerName: 'traefik.io/gateway-controller' } } as never, { fieldManager: 'test' });
    await client.apply(Gateways, {
      apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { namespace: 'default', name: 'edge' },
      spec: { gatewayClassName: 'traefik', listeners: [{ name: 'web', protocol: 'HTTP', port }] },
    }, { fieldManager: 'test' });
    const folder = mkdtempSync(join(tmpdir(), 'traefik-'));
    writeFileSync(join(folder, 'ca.crt'), options.caPem);
    writeFileSync(join(folder, 'token'), options.token, { mode: 0o600 });
    const apiPort = await freePort('127.0.0.1');
    const flags = [
      `--entrypoints.web.address=${address}:${port}`, `--entrypoints.traefik.address=127.0.0.1:${apiPort}`, '--ping', '--api.insecure', '--log.level=INFO', '--global.checknewversion=false', '--global.sendanonymoususage=false',
      // What runs when Traefik stops is no matter here; what a client holds open must not end by itself.
      '--entrypoints.web.transport.respondingtimeouts.readtimeout=0',
      `--providers.kubernetesgateway.endpoint=${options.server}`, `--providers.kubernetesgateway.token=${join(folder, 'token')}`, `--providers.kubernetesgateway.certauthfilepath=${join(folder, 'ca.crt')}`,
      ...(options.throttle === undefined ? [] : [`--providers.providersthrottleduration=${options.throttle}`]),
    ];
    const traefik = new Traefik(flags, folder, `http://${address}:${port}`, `http://127.0.0.1:${apiPort}`);
    try {
      await traefik.#answers();
    } catch (error) {
      await traefik.stop();
      throw error;
    }
    return traefik;
  }

  #spawn(): ChildProcess {
    const child = spawn(traefikBinary, this.#flags, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.#folder, 'traefik.log'), { flags: 'a' });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    return child;
  }

  async #answers(): Promise<void> {
    await eventually('Traefik to answer', async () => {
      if (this.#child.exitCode !== null) throw new Error(this.log());
      return (await fetch(`${this.#api}/ping`)).ok ? true : undefined;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** After it was killed: a new process at the same addresses. */
  async restart(): Promise<void> {
    this.#child = this.#spawn();
    await this.#answers();
  }

  log(): string {
    return readFileSync(join(this.#folder, 'traefik.log'), 'utf8');
  }

  /** Whether its data plane, by its own word, does what the route says, each Service at those addresses (`host:port`). */
  async follows(route: HttpRoute, servers: ReadonlyMap<string, readonly string[]>): Promise<boolean> {
    const { routers = {}, services = {} } = (await (await fetch(`${this.#api}/api/rawdata`)).json()) as RawData;
    const { namespace = '', name = '' } = route.metadata ?? {};
    const plain = (service: string): string => service.split('@')[0] ?? '';
    const byName = new Map(Object.entries(services).map(([id, service]) => [plain(id), service]));
    const told = Object.entries(routers).filter(([id]) => id.startsWith(`httproute-${namespace}-${name}-gw-`)).map(([, { rule, service }]) =>
      `${rule} ${(byName.get(plain(service))?.weighted?.services ?? []).map((s) => `${plain(s.name)}:${s.weight ?? 1}:${(byName.get(plain(s.name))?.loadBalancer?.servers ?? []).map((at) => new URL(at.url).host).sort().join()}`).join()}`);
    const wanted = route.spec.rules.flatMap(({ matches, backendRefs }) => matches.map(({ headers = [] }) =>
      `${['PathPrefix("/")', ...headers.map((h) => `${h.type === 'Exact' ? 'Header' : 'HeaderRegexp'}(${JSON.stringify(h.name)},${JSON.stringify(h.value)})`)].join(' && ')} ${backendRefs.map((b) => `${namespace}-${b.name}-http-${b.port}:${b.weight}:${(servers.get(b.name) ?? []).toSorted().join()}`).join()}`));
    return JSON.stringify(told.sort()) === JSON.stringify(wanted.sort());
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** As a person installs them: whole, with their rules. */
async function installDefinitions(client: Client): Promise<void> {
  const folder = gatewayDefinitions() ?? '';
  for (const file of readdirSync(folder).filter((name) => name.startsWith('gateway.'))) {
    await client.apply(CustomResourceDefinitions, parse(readFileSync(join(folder, file), 'utf8')) as CustomResourceDefinition, { fieldManager: 'test' });
  }
  await eventually('the kinds of the Gateway API', async () => { await client.list(Gateways); await client.list(GatewayClasses); return true; });
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
