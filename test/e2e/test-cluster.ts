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
import { isEmbedded, type ClusterOptions, type ControlPlane } from '../control-planes/control-plane.ts';
import { EmbeddedControlPlane } from '../control-planes/embedded.ts';
import { KubernetesControlPlane } from '../control-planes/kubernetes.ts';
import { aweigh, eventually, ROOT, run, succeeded, type CommandResult } from './command-line.ts';
import { kubectlBinary } from './kubectl-binary.ts';

export const APPLICATION = 'account-service';
/** Of the load's slow requests. Drains are a little longer. */
export const LONGEST_REQUEST_MS = 1_500;
const DRAIN_SECONDS = 2;
const EXAMPLE = join(ROOT, 'examples', APPLICATION);

/** A cluster of its own directory, worked by command line and kubectl alone, on the control plane that the project says. */
export class TestCluster {
  readonly data: string;
  readonly kubeconfig: string;
  readonly plane: ControlPlane;
  readonly #onStop: (() => void)[] = [];
  #client: Promise<Client> | undefined;

  private constructor(data: string, options: ClusterOptions) {
    this.data = data;
    this.kubeconfig = join(data, 'kubeconfig');
    this.plane = isEmbedded ? new EmbeddedControlPlane(data, options) : new KubernetesControlPlane(data, options);
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(mkdtempSync(join(tmpdir(), 'aweigh-e2e-')), options);
    options.prepare?.(cluster.data);
    try {
      await cluster.plane.up();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** A cluster of a directory that is there already, not started. */
  static in(data: string): TestCluster {
    return new TestCluster(data, {});
  }

  kubeconfigToken(): string {
    return /token: (\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'))?.[1] ?? '';
  }

  async stop(): Promise<void> {
    for (const call of this.#onStop) call();
    (await this.#client)?.close();
    await this.plane.down().catch(() => undefined);
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
    return (await succeeded(this.tryAweigh(...args))).out;
  }

  tryAweigh(...args: string[]): Promise<CommandResult> {
    return aweigh([...args, '--data', this.data]);
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await succeeded(this.tryKubectl(...args))).out;
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

  /** The example with few pods and short soaks, and its second service. */
  async applyExample(change: (application: Application) => void = () => {}): Promise<void> {
    const application = parse(readFileSync(join(EXAMPLE, 'application.yaml'), 'utf8')) as Application;
    for (const track of application.spec.tracks) {
      // A floor below the replicas: on a slow machine a probe may fail now and then.
      Object.assign(track, { replicas: Math.min(track.replicas, 2), endpointFloor: 1 });
      if (track.gates !== undefined) track.gates = track.gates.map((gate) => ('soak' in gate ? { ...gate, soak: { seconds: 1 } } : gate));
    }
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

export const versionFolder = (version: string): string => join(EXAMPLE, version);
