import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Gets SIGINT, as Ctrl-C sends it, as soon as this is true. */
  readonly interruptWhen?: () => boolean;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd ?? ROOT, env: { ...process.env, ...options.env }, stdio: 'pipe' });
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }));
    // A program that ends without reading closes its side first.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const { interruptWhen } = options;
    if (interruptWhen === undefined) return;
    const timer = setInterval(() => {
      if (!interruptWhen()) return;
      child.kill('SIGINT');
      clearInterval(timer);
    }, 5);
    child.on('close', () => clearInterval(timer));
  });
}

export const AWEIGH: readonly [string, string] = [process.execPath, `${ROOT}dist/bin/aweigh.js`];

/** Runs `aweigh` as people have it: built, by its own command line. */
export function aweigh(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run(AWEIGH[0], [AWEIGH[1], ...args], options);
}

/** @throws unless the command ended well */
export async function succeeded(result: Promise<CommandResult>): Promise<CommandResult> {
  const done = await result;
  if (done.code !== 0) throw new Error(`Exit code ${done.code}: ${done.err}${done.out}`);
  return done;
}

/** Looks until `look` gives a value. @throws after `deadlineMs`, with what was waited for and the last look's error */
export async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined, deadlineMs = 120_000, everyMs = 100): Promise<T> {
  const until = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`Waited ${deadlineMs / 1_000} s in vain for ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
