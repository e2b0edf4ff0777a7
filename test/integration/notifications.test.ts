import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test, vi } from 'vitest';
import { API_VERSION } from '../../src/api/group.ts';
import { customResourceDefinitions } from '../../src/api/crds.ts';
import { NotificationChannels, Notifications } from '../../src/api/kinds.ts';
import type { Client } from '../../src/client/client.ts';
import type { Connection } from '../../src/client/connection.ts';
import { createClient } from '../../src/client/https-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { CustomResourceDefinitions, Deployments, EndpointSlices, Namespaces, Secrets, Services } from '../../src/client/kinds.ts';
import { healthController } from '../../src/controllers/health/controller.ts';
import { notificationController, type Notifiers } from '../../src/controllers/notification/controller.ts';
import { startApiServer } from '../../src/engine/apiserver/start.ts';
import { notifiers } from '../../src/providers/notify/notifiers.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { KubernetesPrograms } from '../control-planes/kubernetes-programs.ts';
import { ownNetwork } from '../e2e/network-namespace.ts';

const common = { clock: systemClock, random: systemRandom, log: silentLogger };
const within = { timeout: 60_000, interval: 10 };
const SYSTEM = 'aweigh-system';
const LONG = process.env['AWEIGH_SOAK'] !== undefined;
const WRITES = new Set(['create', 'update', 'updateStatus', 'patch', 'apply', 'delete']);
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** A Slack that keeps what it gets; it can be killed and started again on its port. */
class Slack {
  readonly texts: string[] = [];
  #server = createServer();
  #port = 0;

  async start(): Promise<void> {
    this.#server = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (part: Buffer) => { body += part.toString(); }).on('end', () => { this.texts.push((JSON.parse(body) as { text: string }).text); outgoing.end('ok'); });
    });
    await new Promise<void>((resolve) => { this.#server.listen(this.#port, '127.0.0.1', resolve); });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string { return `http://127.0.0.1:${this.#port}/T0/B0/secret`; }
  kill(): void { this.#server.closeAllConnections(); this.#server.close(); }
}

class Mail {
  readonly mails: string[] = [];
  #server: SMTPServer | undefined;
  port = 0;

  async start(): Promise<void> {
    this.#server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], logger: false, onData: (stream, _, done) => {
      let mail = '';
      stream.on('data', (part: Buffer) => { mail += part.toString(); }).on('end', () => { this.mails.push(mail); done(); });
    } });
    this.#server.on('error', () => {});
    await new Promise<void>((resolve) => { this.#server?.listen(this.port, '127.0.0.1', resolve); });
    this.port = (this.#server.server.address() as AddressInfo).port;
  }

  kill(): void { this.#server?.close(); }
}

interface World {
  readonly client: Client;
  readonly slack: Slack;
  readonly mail: Mail;
  /** A client of its own for each run of the controllers. */
  connect(): Client;
}

/** The engine's, or Kubernetes's own, as the project says. */
async function startServer(dataDir: string): Promise<Connection> {
  if (isEmbedded) {
    const server = await startApiServer({ dataDir, ...common, staticTokens: [{ token: 'test-token', user: 'admin', groups: ['system:masters'] }] });
    stops.push(() => server.close());
    return { server: server.url, caPem: server.caPem, token: 'test-token' };
  }
  const programs = await KubernetesPrograms.start(ownNetwork, join(dataDir, 'kubernetes'), join(dataDir, 'pki'), false);
  stops.push(() => programs.stop());
  return loadKubeconfig(programs.kubeconfig);
}

/** A real API server, with a channel to a real Slack and one to a real mail server. */
async function makeWorld(): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aweigh-notifications-'));
  stops.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const connection = await startServer(dataDir);
  const connect = (): Client => createClient(connection);
  const client = connect();
  stops.push(() => client.close());
  for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'test' });
  await vi.waitFor(() => client.list(Notifications), within);
  const slack = new Slack(), mail = new Mail();
  await Promise.all([slack.start(), mail.start()]);
  stops.push(() => slack.kill(), () => mail.kill());
  await client.create(Namespaces, { metadata: { name: SYSTEM } });
  await client.create(Secrets, { metadata: { namespace: SYSTEM, name: 'slack' }, stringData: { url: slack.url } });
  const fast = { groupWaitSeconds: 0, groupIntervalSeconds: 0 };
  await client.create(NotificationChannels, { apiVersion: API_VERSION, kind: 'NotificationChannel', metadata: { namespace: SYSTEM, name: 'slack' }, spec: { slack: { secretName: 'slack' }, ...fast } });
  await client.create(NotificationChannels, { apiVersion: API_VERSION, kind: 'NotificationChannel', metadata: { namespace: SYSTEM, name: 'mail' }, spec: { email: { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'aweigh@example.org', to: ['ops@example.org'] }, ...fast } });
  return { client, slack, mail, connect };
}

const endpoints = (ready: number): { addresses: string[]; conditions: { ready: boolean } }[] => [0, 1].map((i) => ({ addresses: [`10.1.0.${i + 1}`], conditions: { ready: i < ready } }));

/** A service that knows nothing of Aweigh but carries the labels. One a case: the same one over and over would flap. */
async function makeService({ client }: World, app: string): Promise<(ready: number) => Promise<unknown>> {
  const labels = { app, tier: 'service', track: 'production' }, key = { namespace: 'default', name: `${app}-production` };
  await client.create(Deployments, { metadata: { ...key, labels }, spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'x' }] } } } });
  await client.create(EndpointSlices, { metadata: { ...key, labels: { 'kubernetes.io/service-name': key.name } }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints: endpoints(2) });
  await client.create(Services, { metadata: { ...key, labels }, spec: { selector: labels, ports: [{ name: 'http', port: 8080 }] } });
  return (ready) => client.patch(EndpointSlices, key, { endpoints: endpoints(ready) });
}

interface Fault {
  readonly step: number;
  readonly when: 'before' | 'after';
}

/** A process with both controllers. It dies for good at a write or a message, where a fault says so: nothing that it began is finished. */
class Controllers {
  struckAt: string | undefined;
  /** When it died a message had been sent, or was on its way, and was not marked as taken yet. */
  mayRepeat = false;
  /** Attempts that were given up, as on a machine that is slow: whoever was to take the message may have it all the same. */
  givenUp = 0;
  #unmarked = 0;
  #step = 0;
  readonly #stop = new AbortController();
  readonly #client: Client;
  readonly #running: Promise<void>;
  readonly #dead = Promise.withResolvers<void>();

  constructor(world: World, { fault, sendDeadlineMs = 500 }: { readonly fault?: Fault; readonly sendDeadlineMs?: number } = {}) {
    this.#client = world.connect();
    const wrap = <T extends object>(target: T, counted: (name: string) => boolean, mark = ''): T => new Proxy(target, {
      get: (inner, name) => {
        const value: unknown = Reflect.get(inner, name, inner);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        return (...args: unknown[]): unknown => (counted(name) ? this.#strike(`${mark}${name}`, fault, args, () => Reflect.apply(value, inner, args) as Promise<unknown>) : (Reflect.apply(value, inner, args) as unknown));
      },
    });
    const sending: Notifiers = { slack: wrap(notifiers.slack, () => true, 'slack '), email: wrap(notifiers.email, () => true, 'email '), webhook: notifiers.webhook };
    this.#running = runControllers({ factories: [healthController(), notificationController(sending, { sendDeadlineMs })], client: wrap(this.#client, (name) => WRITES.has(name)), ...common, signal: this.#stop.signal });
  }

  async #strike(name: string, fault: Fault | undefined, args: readonly unknown[], act: () => Promise<unknown>): Promise<unknown> {
    const step = ++this.#step;
    if (this.struckAt !== undefined) return new Promise(() => {});
    if (step === fault?.step && fault.when === 'before') return this.#die(`before ${name}`);
    const sends = name.endsWith(' send');
    if (sends) this.#unmarked++;
    const result = await act().catch((error: unknown) => { if (sends) this.givenUp++; throw error; });
    if (name === 'patch' && JSON.stringify(args[2]).includes('"deliveredAt":"')) this.#unmarked--;
    if (step === fault?.step) return this.#die(`after ${name}`);
    return result;
  }

  #die(where: string): Promise<never> {
    this.struckAt = where;
    this.mayRepeat = this.#unmarked > 0;
    this.#stop.abort();
    this.#dead.resolve();
    return new Promise(() => {});
  }

  /** Waits for what ends in order; the dead end nothing, also those who die while they are waited for. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.race([this.#running, this.#dead.promise]);
    this.#client.close();
  }
}

const delivered = async ({ client }: World): Promise<{ firing: number; resolved: number; open: number }> => {
  const { items } = await client.list(Notifications, { namespace: SYSTEM });
  const taken = items.filter((n) => n.status?.deliveredAt !== undefined);
  return { firing: taken.filter((n) => n.spec.kind === 'firing').length, resolved: taken.filter((n) => n.spec.kind === 'resolved').length, open: items.length - taken.length };
};

test('a kill around any write or message loses no alert and no recovery; only a kill between delivery and its mark repeats one', async () => {
  const world = await makeWorld();
  let firing = 0;
  const strokes: string[] = [];
  for (let step = 1, missed = 0; missed < 2; step++) {
    // Each step before and after in the long run; in the short one in turn.
    for (const when of LONG ? (['before', 'after'] as const) : ([step % 2 === 0 ? 'before' : 'after'] as const)) {
      const before = { slack: world.slack.texts.length, mails: world.mail.mails.length };
      const setReady = await makeService(world, `service-${step}-${when}`);
      const first = new Controllers(world, { fault: { step, when } });
      await setReady(1);
      firing += 2;
      const second = await outlive(world, first, () => delivered(world), { firing, resolved: firing - 2, open: 0 });
      await setReady(2);
      const last = await outlive(world, second, () => delivered(world), { firing, resolved: firing, open: 0 });
      await last.stop();
      missed = first.struckAt === undefined ? missed + 1 : 0;
      strokes.push(first.struckAt ?? 'none');
      const texts = world.slack.texts.slice(before.slack), mails = world.mail.mails.slice(before.mails);
      const kinds = (found: readonly string[], alert: RegExp): number => found.filter((t) => alert.test(t)).length;
      for (const got of [texts, mails]) {
        expect(kinds(got, /TrackBelowFloor in default/), first.struckAt).toBeGreaterThanOrEqual(1);
        expect(kinds(got, /HEALED TrackBelowFloor/), first.struckAt).toBeGreaterThanOrEqual(1);
      }
      const repeats = (first.mayRepeat ? 1 : 0) + [...new Set([first, second, last])].reduce((sum, c) => sum + c.givenUp, 0);
      expect(Math.max(texts.length, mails.length), first.struckAt).toBeLessThanOrEqual(2 + repeats);
    }
  }
  // Twelve writes and messages at least for the alert, and as many for the recovery.
  expect(strokes.length).toBeGreaterThan(LONG ? 40 : 20);
}, LONG ? 900_000 : 300_000);

/** Waits for what is to be; where the controllers die on the way, others take their place. */
async function outlive<T>(world: World, controllers: Controllers, look: () => Promise<T>, wanted: T): Promise<Controllers> {
  let current = controllers;
  await vi.waitFor(async () => {
    if (current === controllers && controllers.struckAt !== undefined) {
      await controllers.stop();
      current = new Controllers(world);
    }
    expect(await look()).toEqual(wanted);
  }, within);
  return current;
}

test('a Slack and a mail server that are away lose nothing and get nothing twice', async () => {
  const world = await makeWorld();
  world.slack.kill();
  world.mail.kill();
  const setReady = await makeService(world, 'billing-service');
  const controllers = new Controllers(world);
  stops.push(() => controllers.stop());
  await setReady(1);
  await vi.waitFor(async () => expect((await world.client.list(Notifications, { namespace: SYSTEM })).items.map((n) => n.status?.attempts ?? 0)).toEqual([expect.toSatisfy((n: number) => n >= 2), expect.toSatisfy((n: number) => n >= 2)]), within);
  await setReady(2);
  await vi.waitFor(async () => expect(await delivered(world)).toEqual({ firing: 0, resolved: 0, open: 4 }), within);
  const channels = (await world.client.list(NotificationChannels, { namespace: SYSTEM })).items;
  expect(channels.map((c) => c.status?.conditions?.[0]?.message)).toEqual(['The mail server cut the connection or cannot be reached', 'Slack cannot be reached: ECONNREFUSED']);
  await Promise.all([world.slack.start(), world.mail.start()]);
  await vi.waitFor(async () => expect(await delivered(world)).toEqual({ firing: 2, resolved: 2, open: 0 }), within);
  expect(world.slack.texts.map((t) => t.slice(0, 18))).toEqual([':rotating_light: *', ':white_check_mark:']);
  expect(world.mail.mails.map((m) => /Subject: \[aweigh\] (\w+)/.exec(m)?.[1])).toEqual(['critical', 'healed']);
});

test('two leaders at once tell everything once', async () => {
  const world = await makeWorld();
  // Attempts that are given up may repeat what was told.
  const both = [1, 2].map(() => new Controllers(world, { sendDeadlineMs: 30_000 }));
  stops.push(...both.map((c) => () => c.stop()));
  for (let round = 1; round <= 5; round++) {
    const setReady = await makeService(world, `service-${round}`);
    await setReady(1);
    await vi.waitFor(async () => expect(await delivered(world)).toEqual({ firing: 2 * round, resolved: 2 * round - 2, open: 0 }), within);
    await setReady(2);
    await vi.waitFor(async () => expect(await delivered(world)).toEqual({ firing: 2 * round, resolved: 2 * round, open: 0 }), within);
  }
  expect([world.slack.texts.length, world.mail.mails.length]).toEqual([10, 10]);
});
