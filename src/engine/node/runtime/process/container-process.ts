import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../../runtime/clock.ts';
import type { Exit, RuntimeContainer } from '../runtime.ts';
import { isAlive, membersOf, readStat, type ProcessIdentity } from './proc.ts';

/** What is kept on disk of a container, `run.json`, so that another node process finds it. */
export interface RunRecord extends ProcessIdentity {
  readonly startedAtMs: number;
  readonly imageDigest: string;
  readonly cwd: string;
}

/** The shell stays as the group's leader, outlives the signals that reach the group, and keeps the exit code. A trap, unlike an ignored
 *  signal, is not passed on to the program. It closes descriptor 3 to say that the words before it have done their work. */
const wrapper = 'exec 3>&-; trap : TERM INT HUP QUIT USR1 USR2 WINCH ALRM CONT; "$@"; echo $? >"$0"';

const adoptedPollMs = 200;
const killed = 137;

export interface ContainerProcess extends RuntimeContainer {
  readonly folder: string;
  readonly logFile: string;
  readonly record: RunRecord;
  exit?: Exit;
}

/** Starts a program as a process group of its own, its output going straight to a file. The record is on disk before anything is waited for;
 *  this resolves when the words before it have done their work. */
export async function startProcess(options: {
  readonly id: string; readonly name: string; readonly attempt: number; readonly folder: string; readonly program: string; readonly args: readonly string[];
  /** Words that run before the shell and keep its process id. */
  readonly prefix?: readonly string[];
  readonly cwd: string; readonly env: Record<string, string>; readonly imageDigest: string; readonly bootId: string; readonly clock: Clock;
}): Promise<ContainerProcess> {
  const { folder, clock } = options;
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  try {
    const startedAtMs = clock.now();
    const [first, ...words] = [...(options.prefix ?? []), '/bin/sh', '-c', wrapper, join(folder, 'exit'), options.program, ...options.args];
    const child = spawn(first!, words, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', log, log, 'pipe'] });
    const ended = Promise.withResolvers<void>();
    child.once('exit', () => ended.resolve());
    if (child.pid === undefined) {
      // Without a listener the error that follows would end this process.
      child.once('error', () => undefined);
      throw new Error(`the shell did not start in ${options.cwd}`);
    }
    child.unref();
    const record: RunRecord = { pid: child.pid, startTicks: readStat(child.pid)?.startTicks ?? '0', bootId: options.bootId, startedAtMs, imageDigest: options.imageDigest, cwd: options.cwd };
    writeFileSync(join(folder, 'run.json'), JSON.stringify(record), { mode: 0o600 });
    const container = track(options, record, ended.promise, clock);
    if (options.prefix === undefined || options.prefix.length === 0) child.stdio[3]?.destroy();
    else await closed(child.stdio[3] as Socket);
    return container;
  } finally {
    closeSync(log);
  }
}

function closed(pipe: Socket): Promise<void> {
  return new Promise((resolve) => {
    pipe.once('error', () => undefined).once('close', () => resolve());
    pipe.resume();
  });
}

/** Follows a container that an earlier node process started; one that has ended meanwhile too. */
export function adoptProcess(options: { readonly id: string; readonly name: string; readonly attempt: number; readonly folder: string; readonly bootId: string; readonly clock: Clock; readonly signal: AbortSignal }, record: RunRecord): ContainerProcess {
  const gone = (): boolean => !isAlive(record, options.bootId);
  const leader = gone() ? undefined : until(gone, adoptedPollMs, options.clock, options.signal);
  const container = track(options, record, leader ?? Promise.resolve(), options.clock);
  if (leader === undefined && membersOf(new Set([record.pid])).size === 0) container.exit = readExit(options.folder, options.clock);
  return container;
}

function track(options: { readonly id: string; readonly name: string; readonly attempt: number; readonly folder: string; readonly bootId: string }, record: RunRecord, leaderGone: Promise<void>, clock: Clock): ContainerProcess {
  const container: ContainerProcess = {
    id: options.id,
    name: options.name,
    attempt: options.attempt,
    folder: options.folder,
    logFile: join(options.folder, 'log'),
    startedAtMs: record.startedAtMs,
    imageDigest: record.imageDigest,
    record,
    ended: leaderGone.then(async () => {
      await killGroup(record, options.bootId, clock);
      container.exit ??= readExit(options.folder, clock);
      return container.exit;
    }),
  };
  return container;
}

/** As when the first process of a container ends: the rest goes too. */
async function killGroup(record: RunRecord, currentBoot: string, clock: Clock): Promise<void> {
  if (record.bootId !== currentBoot) return;
  for (;;) {
    // The id may have gone to a newer group, once no process of the old one was left.
    const leader = readStat(record.pid);
    if (leader !== undefined && leader.startTicks !== record.startTicks) return;
    if (!signalGroup(record.pid, 'SIGKILL')) return;
    if (!membersOf(new Set([record.pid])).has(record.pid)) return;
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
}

/** Whether there was a process to take the signal. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The code that the wrapper kept; without one it was killed. */
function readExit(folder: string, clock: Clock): Exit {
  const path = join(folder, 'exit');
  try {
    const code = /^(\d+)\n$/.exec(readFileSync(path, 'latin1'))?.[1];
    if (code !== undefined) return { exitCode: Number(code), finishedAtMs: Math.round(statSync(path).mtimeMs) };
  } catch {
    // No file: the wrapper was killed with its group.
  }
  const exit = { exitCode: killed, finishedAtMs: clock.now() };
  // Kept, so that the end has one time however often it is looked at.
  try {
    writeFileSync(path, `${killed}\n`);
  } catch {
    // The pod's folder is on its way out.
  }
  return exit;
}

function until(done: () => boolean, everyMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (signal.aborted) return;
      if (done()) resolve();
      else clock.after(everyMs, look);
    };
    clock.after(everyMs, look);
  });
}
