import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Application } from '../../src/api/application/application.ts';
import type { Release } from '../../src/api/release/release.ts';
import { aweigh, eventually, ROOT, run, type CommandResult } from './command-line.ts';
import { kubectlBinary } from './kubectl-binary.ts';

export const APPLICATION = 'account-service';
const EXAMPLE = join(ROOT, 'examples', APPLICATION);

/** An embedded cluster of its own directory, worked by command line and kubectl alone. */
export class TestCluster {
  readonly data: string;
  readonly kubeconfig: string;

  private constructor(data: string) {
    this.data = data;
    this.kubeconfig = join(data, 'kubeconfig');
  }

  static async start(flags: readonly string[] = []): Promise<TestCluster> {
    const cluster = new TestCluster(mkdtempSync(join(tmpdir(), 'aweigh-e2e-')));
    await cluster.up(flags);
    return cluster;
  }

  /** A cluster of a directory that is there already, not started. */
  static in(data: string): TestCluster {
    return new TestCluster(data);
  }

  kubeconfigToken(): string {
    return /token: (\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'))?.[1] ?? '';
  }

  async up(flags: readonly string[] = []): Promise<void> {
    await must(aweigh(['up', '--detach', '--data', this.data, ...flags]));
  }

  async stop(): Promise<void> {
    await aweigh(['down', '--data', this.data]);
    rmSync(this.data, { recursive: true, force: true });
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
    for (const track of application.spec.tracks) track.replicas = Math.min(track.replicas, 2);
    application.spec.router = { ...application.spec.router, replicas: 2 };
    application.spec.drainSeconds = 6;
    change(application);
    await this.aweigh('image', 'build', join(EXAMPLE, 'profile-service'), '--tag', 'profile-service:v1.0.0');
    await this.aweigh('apply', join(EXAMPLE, 'profile-service.yaml'), this.file('application.yaml', stringify(application)));
  }

  async push(version: string, folder = join(EXAMPLE, 'v1.18.0')): Promise<void> {
    await this.aweigh('push', APPLICATION, folder, '--version', version);
  }

  async releaseEnds(version: string, deadlineMs = 150_000): Promise<Release> {
    return eventually(`the end of release ${version}`, async () => {
      const release = await this.get<Release>('release', `${APPLICATION}-${version}`);
      return ['Completed', 'Failed', 'Aborted', 'Superseded'].includes(release.status?.phase ?? '') ? release : undefined;
    }, deadlineMs);
  }
}

async function must(result: Promise<CommandResult>): Promise<CommandResult> {
  const done = await result;
  if (done.code !== 0) throw new Error(`Exit code ${done.code}: ${done.err}${done.out}`);
  return done;
}

export const versionFolder = (version: string): string => join(EXAMPLE, version);
