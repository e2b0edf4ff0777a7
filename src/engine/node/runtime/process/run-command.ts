import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import type { ExecResult, OpenCommand } from '../runtime.ts';
import { signalGroup } from './container-process.ts';
import { systemProgram } from './system-program.ts';

const keptBytes = 10_240;

/** Runs one command to its end. Past `timeoutMs` its group is killed and the exit code is 124; 127 where it cannot start. */
export function runCommand(program: string, args: readonly string[], options: { readonly cwd: string; readonly env: Record<string, string>; readonly timeoutMs: number }): Promise<ExecResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let timedOut = false;
    const take = (chunk: Buffer): void => {
      if (output.length < keptBytes) output = (output + chunk.toString()).slice(0, keptBytes);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    }, options.timeoutMs);
    const done = (exitCode: number): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode: timedOut ? 124 : exitCode, output });
    };
    child.once('error', (e) => {
      output = e.message;
      done(127);
    });
    child.once('exit', (code, signal) => setImmediate(done, code ?? (signal === null ? 1 : 137)));
  });
}

const scriptProgram = '/usr/bin/script';

/** Starts a command with open streams. A terminal is had through util-linux's `script`; without it the command has none. */
export function openCommand(program: string, args: readonly string[], options: { readonly cwd: string; readonly env: Record<string, string>; readonly tty: boolean }): OpenCommand {
  const [file, words] = options.tty && existsSync(scriptProgram) ? [scriptProgram, ['-qefc', [program, ...args].map(quoted).join(' '), '/dev/null']] : [program, args];
  const child = spawn(file, words, { cwd: options.cwd, env: { TERM: 'xterm-256color', ...options.env }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 137));
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    resize(columns, rows) {
      if (options.tty && child.pid !== undefined && child.exitCode === null) resizeTerminal(child.pid, columns, rows);
    },
    kill() {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    },
  };
}

/** The terminal belongs to the child of `script`, which appears a moment after it. */
function resizeTerminal(scriptPid: number, columns: number, rows: number, tries = 20): void {
  const terminal = terminalOfChild(scriptPid);
  if (terminal !== undefined) spawn(systemProgram('stty'), ['-F', terminal, 'cols', String(columns), 'rows', String(rows)], { stdio: 'ignore' }).on('error', () => undefined);
  else if (tries > 0) setTimeout(resizeTerminal, 25, scriptPid, columns, rows, tries - 1);
}

function terminalOfChild(pid: number): string | undefined {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')[0];
    const terminal = child === undefined || child === '' ? undefined : readlinkSync(`/proc/${child}/fd/0`);
    return terminal?.startsWith('/dev/pts/') === true ? terminal : undefined;
  } catch {
    return undefined;
  }
}

/** A word as a shell takes it whole. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
