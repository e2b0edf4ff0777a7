import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { usageOf } from './process-tree.ts';
import { sandbox, type Isolation, type SandboxRequest } from './sandbox.ts';

/** In `home` the program may keep what it likes between runs. */
export interface CommandOptions extends SandboxRequest {
  readonly isolation: Isolation;
  readonly path: string;
  readonly timeoutMs: number;
  /** That it may have at one time, what it starts included; so together with `memoryBytes`. */
  readonly processes: number;
  readonly signal: AbortSignal;
}

export type CommandResult = { readonly ended: 'exit'; readonly code: number; readonly log: string } | { readonly ended: 'timeout' | 'aborted' | 'notFound' | 'memory' | 'processes'; readonly log: string };

/** What is kept of the end of the output, in characters. */
const LOG_KEPT = 8_000;
const LOOK_MS = 500;

/** A program of a commit, in a sandbox and a process group of its own, with nothing of this process's environment but PATH. */
export function runCommand(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { folder, path, timeoutMs, memoryBytes, processes, signal } = options;
  // Inside the sandbox it would look like a program that ended.
  if (!isThere(command[0] ?? '', folder, path)) return Promise.resolve({ ended: 'notFound', log: `there is no program ${command[0]} in PATH` });
  const { words, cwd, home, dispose } = sandbox(options, options.isolation);
  const [program = '', ...args] = [...words, ...command];
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: path, HOME: home, CI: 'true', LANG: 'C.UTF-8' } });
    let log = '';
    let ended: 'timeout' | 'aborted' | 'memory' | 'processes' | undefined;
    const end = (why: NonNullable<typeof ended>) => (): void => {
      ended ??= why;
      try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); } catch { /* Ended by itself. */ }
    };
    const timer = setTimeout(end('timeout'), timeoutMs);
    const looks = setInterval(() => {
      const usage = usageOf(child.pid ?? 0);
      if (usage.memoryBytes > memoryBytes) end('memory')();
      else if (usage.processes > processes) end('processes')();
    }, LOOK_MS);
    const abort = end('aborted');
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const take = (chunk: Buffer): void => { log = (log + chunk.toString()).slice(-LOG_KEPT); };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const done = (result: CommandResult): void => {
      clearTimeout(timer);
      clearInterval(looks);
      signal.removeEventListener('abort', abort);
      dispose();
      resolve(result);
    };
    child.on('error', (error) => done({ ended: 'notFound', log: error.message }));
    child.on('exit', (code) => {
      // What it left running would keep the pipes open.
      try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); } catch { /* Nothing is left. */ }
      child.once('close', () => done(ended === undefined ? { ended: 'exit', code: code ?? 1, log } : { ended, log }));
    });
  });
}

function isThere(program: string, folder: string, path: string): boolean {
  const places = program.includes('/') ? [join(program.startsWith('/') ? '/' : folder, program)] : path.split(delimiter).map((place) => join(place, program));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
