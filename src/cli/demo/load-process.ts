import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What the load generator has counted so far. */
export interface LoadProgress {
  readonly requests: number;
  readonly failed: number;
}

/** The load generator in a process of its own, so that drawing and checking take nothing from it. */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  progress: LoadProgress = { requests: 0, failed: 0 };

  /** @param command program and arguments of `aweigh load` */
  constructor(command: readonly [string, ...string[]], env: Readonly<Record<string, string | undefined>>) {
    const [program, ...args] = command;
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env, detached: true });
    this.#ended = new Promise((resolve) => this.#child.on('exit', (code) => resolve(code ?? 1)).on('error', () => resolve(1)));
    if (this.#child.stdout) createInterface({ input: this.#child.stdout }).on('line', (line) => { this.progress = JSON.parse(line) as LoadProgress; });
  }

  /** Lets the requests in flight end; resolves when the log is complete. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const code = await this.#ended;
    if (code !== 0) throw new Error(`The load generator ended with exit code ${code}: see its message above`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
