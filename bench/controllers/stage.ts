import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinitions } from '../../src/api/crds.ts';
import { PART_NODE_FLAGS } from '../../src/cli/processes/node-flags.ts';
import type { Connection } from '../../src/client/connection.ts';
import { createClient } from '../../src/client/https-client.ts';
import { CustomResourceDefinitions } from '../../src/client/kinds.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { startOurs, type RunningServer } from '../apiserver/servers.ts';
import { bundled } from './bundle.ts';
import { Installation } from './installation.ts';
import type { Figures, Question } from './subject-process.ts';

/** What is measured and what it runs on: an API server, the cluster's controllers, and the subject, Aweigh's own. A process each. */
export class Stage {
  readonly server: RunningServer;
  readonly installation: Installation;
  readonly #folder: string;
  readonly #profile: string | undefined;
  readonly #connection: Connection;
  readonly #children = new Set<ChildProcess>();
  readonly #closeClient: () => void;
  #subject: ChildProcess | undefined;

  /** @param profile folder for a CPU profile of the subject */
  static async open(profile: string | undefined): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'aweigh-bench-'));
    const server = await startOurs(join(folder, 'data')).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    const stage = new Stage(folder, server, await loadKubeconfig(join(folder, 'data', 'kubeconfig')), profile);
    await stage.#start().catch(async (error: unknown) => {
      await stage.close();
      throw error;
    });
    return stage;
  }

  private constructor(folder: string, server: RunningServer, connection: Connection, profile: string | undefined) {
    const client = createClient(connection);
    this.server = server;
    this.installation = new Installation(client);
    this.#folder = folder;
    this.#profile = profile;
    this.#connection = connection;
    this.#closeClient = () => client.close();
  }

  async #start(): Promise<void> {
    const client = createClient(this.#connection);
    for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'bench' });
    client.close();
    await this.#child('cluster-process.ts', this.#connection);
    await this.#startSubject();
    await this.installation.start();
  }

  async #startSubject(): Promise<void> {
    this.#subject = await this.#child('subject-process.ts', { connection: this.#connection, record: join(this.#folder, 'record') });
  }

  /** Kills the subject and starts it again; resolves when it is about to look at the cluster. */
  async restartSubject(): Promise<void> {
    await this.#endSubject((subject) => subject.kill('SIGKILL'));
    await this.#startSubject();
  }

  ask(): Promise<Figures> {
    return new Promise((resolve) => {
      this.#subject?.once('message', (figures) => resolve(figures as Figures));
      this.tell({ ask: 'figures' });
    });
  }

  tell(question: Question): void {
    this.#subject?.send(question);
  }

  /** Resolves when the subject has asked for nothing for some seconds, or does not stop asking. */
  async quiet(): Promise<void> {
    const total = async (): Promise<number> => Object.values((await this.ask()).requests).reduce((sum, n) => sum + n, 0);
    for (let i = 0, last = await total(); i < 20; i++) {
      await pause(1_500);
      const now = await total();
      if (now === last) return;
      last = now;
    }
  }

  async close(): Promise<void> {
    // Only a process that ends by itself writes its profile.
    if (this.#profile !== undefined) await this.#endSubject((subject) => subject.disconnect());
    for (const one of this.#children) one.kill('SIGKILL');
    this.installation.stop();
    this.#closeClient();
    await this.server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #child<T extends object>(file: string, options: T): Promise<ChildProcess> {
    const profiled = this.#profile !== undefined && file.startsWith('subject');
    const one = fork(await bundled(file), { execArgv: [...PART_NODE_FLAGS, '--expose-gc', ...(profiled ? ['--cpu-prof', `--cpu-prof-dir=${this.#profile}`] : [])] });
    this.#children.add(one);
    return new Promise((resolve, reject) => {
      one.once('message', () => resolve(one));
      one.once('exit', (code) => { this.#children.delete(one); reject(new Error(`${file} ended with ${code}`)); });
      one.send(options);
    });
  }

  #endSubject(end: (subject: ChildProcess) => void): Promise<void> {
    const subject = this.#subject;
    this.#subject = undefined;
    if (subject === undefined || subject.exitCode !== null || subject.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      subject.once('exit', () => resolve());
      end(subject);
    });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
