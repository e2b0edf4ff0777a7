import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Application } from '../../src/api/application/application.ts';
import type { Release } from '../../src/api/release/release.ts';
import { Releases } from '../../src/api/kinds.ts';
import { ENDED_PHASES } from '../../src/api/release/release.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/https-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { aweigh, eventually, ROOT, run, type CommandResult } from './command-line.ts';
import { kubectlBinary } from './kubectl-binary.ts';

export const APPLICATION = 'account-service';
/** Of the load's slow requests. Drains are a little longer. */
export const LONGEST_REQUEST_MS = 1_500;
const DRAIN_SECONDS = 2;
const EXAMPLE = join(ROOT, 'examples', APPLICATION);

interface ClusterOptions {
  /** More of `aweigh up`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Fills the data directory before the first start. */
  readonly prepare?: (data: string) => void;
}

/** An embedded cluster of its own directory, worked by command line and kubectl alone. */
export class TestCluster {
  readonly data: string;
  readonly kubeconfig: string;
  readonly #options: ClusterOptions;
  readonly #onStop: (() => void)[] = [];
  #client: Promise<Client> | undefined;

  private constructor(data: string, options: ClusterOptions) {
    this.data = data;
    this.kubeconfig = join(data, 'kubeconfig');
    this.#options = options;
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(mkdtempSync(join(tmpdir(), 'aweigh-e2e-')), options);
    options.prepare?.(cluster.data);
    await cluster.up();
    return cluster;
  }

  /** A cluster of a directory that is there already, not started. */
  static in(data: string): TestCluster {
    return new TestCluster(data, {});
  }

  kubeconfigToken(): string {
    return /token: (\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'))?.[1] ?? '';
  }

  async up(more: readonly string[] = []): Promise<void> {
    const { flags = [], env } = this.#options;
    await must(aweigh(['up', '--detach', '--data', this.data, ...flags, ...more], env === undefined ? {} : { env }));
  }

  async down(): Promise<void> {
    await must(this.tryAweigh('down'));
  }

  async stop(): Promise<void> {
    for (const call of this.#onStop) call();
    (await this.#client)?.close();
    await aweigh(['down', '--data', this.data]);
    rmSync(this.data, { recursive: true, force: true });
  }

  /** For what must not outlive the cluster. */
  onStop(call: () => void): void {
    this.#onStop.push(call);
  }

  /** The API as a client sees it, for what is looked at again and again. */
  client(): Promise<Client> {
    return (this.#client ??= loadKubeconfig(this.kubeconfig).then(createClient));
  }

  /** @throws unless the command ends well */
  async aweigh(...args: string[]): Promise<string> {
    return (await must(this.tryAweigh(...args))).out;
  }

  tryAweigh(...args: string[]): Promise<CommandResult> {
    return aweigh([...args, '--data', this.data]);
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await must(this.tryKubectl(...args))).out;
  }

  tryKubectl(...args: string[]): Promise<CommandResult> {
    return run(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), ['--kubeconfig', this.kubeconfig, ...args]);
  }

  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  /** Writes a file that goes with the cluster; returns its path. */
  file(name: string, text: string): string {
    const path = join(this.data, name);
    writeFileSync(path, text);
    return path;
  }

  /** The pid of a part, as `aweigh up` keeps it. */
  pid(part: 'supervisor' | 'control-plane' | 'node' | 'network'): number {
    return (JSON.parse(readFileSync(join(this.data, 'run', `${part}.json`), 'utf8')) as { pid: number }).pid;
  }

  /** The example with few pods and short soaks, and its second service. */
  async applyExample(change: (application: Application) => void = () => {}): Promise<void> {
    const application = parse(readFileSync(join(EXAMPLE, 'application.yaml'), 'utf8')) as Application;
    // A floor below the replicas: on a slow machine a probe may fail now and then.
    for (const track of application.spec.tracks) Object.assign(track, { replicas: Math.min(track.replicas, 2), endpointFloor: 1 });
    application.spec.router = { ...application.spec.router, replicas: 2 };
    application.spec.drainSeconds = DRAIN_SECONDS;
    change(application);
    await this.applyProfileService();
    await this.aweigh('apply', this.file('application.yaml', stringify(application)));
  }

  /** What the example calls: plain manifests, so no record brings them back. */
  async applyProfileService(): Promise<void> {
    await this.aweigh('image', 'build', join(EXAMPLE, 'profile-service'), '--tag', 'profile-service:v1.0.0');
    await this.aweigh('apply', join(EXAMPLE, 'profile-service.yaml'));
  }

  async push(version: string, folder = join(EXAMPLE, 'v1.18.0')): Promise<void> {
    await this.aweigh('push', APPLICATION, folder, '--version', version);
  }

  /** A Release as the API has it; undefined while there is none, or no API. @param name without the Application, such as `v1.18.0` */
  async release(name: string): Promise<Release | undefined> {
    return (await this.client()).get(Releases, { namespace: 'default', name: `${APPLICATION}-${name}` }).catch(() => undefined);
  }

  async releaseEnds(name: string, deadlineMs = 240_000): Promise<Release> {
    let last: Release | undefined;
    try {
      return await eventually(`the end of release ${name}`, async () => {
        last = await this.release(name);
        return ENDED_PHASES.includes(last?.status?.phase ?? 'Pending') ? last : undefined;
      }, deadlineMs);
    } catch (error) {
      throw new Error(`Release ${name} did not end: ${JSON.stringify(last?.status)}`, { cause: error });
    }
  }
}

async function must(result: Promise<CommandResult>): Promise<CommandResult> {
  const done = await result;
  if (done.code !== 0) throw new Error(`Exit code ${done.code}: ${done.err}${done.out}`);
  return done;
}

export const versionFolder = (version: string): string => join(EXAMPLE, version);
