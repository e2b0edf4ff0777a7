import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { EXIT } from '../exit-code.ts';
import { writeAtomically, type DataDirectory } from './data-directory.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 50;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;
/** A part that ran for so long starts with the shortest back-off again. */
const HEALTHY_MS = 30_000;
/** A crash of native code soon after the start, and again: LMDB reads its file through memory, and a torn one ends the process. */
const CRASHES: ReadonlySet<NodeJS.Signals | null> = new Set<NodeJS.Signals>(['SIGBUS', 'SIGSEGV', 'SIGABRT']);
const CRASHES_SOON_MS = 10_000;

export interface PartOptions {
  /** `control-plane`, `node`, `network` or `network-standby`: also the name of its log. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly data: DataDirectory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One process of the cluster: started, watched, started again when it ends, and taken over where it outlived its supervisor. */
export class Part {
  readonly #options: PartOptions;
  readonly #stateFile: string;
  #identity: ProcessIdentity | undefined;
  #startedAt = 0;
  #restarts = 0;
  #stopping = false;
  #ending: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  /** It may have ended, and how is not known yet. */
  #isUnreaped = false;
  #fault: string | undefined;
  #cancel: () => void = () => {};

  constructor(options: PartOptions) {
    this.#options = options;
    this.#stateFile = join(options.data.run, `${options.name}.json`);
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** Why it is not started again: only a person can help. */
  get fault(): string | undefined {
    return this.#fault;
  }

  start(): void {
    const left = readIdentity(this.#stateFile);
    if (left !== undefined && isRunning(left)) {
      this.#options.log.info({ part: this.#options.name, pid: left.pid }, 'Part taken over');
      this.#identity = left;
    } else {
      this.#spawn();
    }
    this.#watch();
  }

  /** Asks to end, and forces it after the deadline. Resolves when it is gone. */
  async stop(signal: NodeJS.Signals, deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#cancel();
    const identity = this.#identity;
    if (identity !== undefined && isRunning(identity)) {
      process.kill(identity.pid, signal);
      if (!(await this.#ended(identity, deadlineMs))) {
        this.#options.log.warn({ part: this.#options.name, pid: identity.pid, deadlineMs }, 'Part killed: it did not stop in time');
        process.kill(identity.pid, 'SIGKILL');
        await this.#ended(identity, deadlineMs);
      }
    }
    rmSync(this.#stateFile, { force: true });
  }

  #spawn(): void {
    const { command: [program, ...args], data, name, env } = this.#options;
    const output = openSync(join(data.logs, `${name}.log`), 'a', 0o600);
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], env });
    closeSync(output);
    child.on('error', (error) => this.#options.log.error({ part: name, error: error.message }, 'Part did not start'));
    this.#ending = undefined;
    this.#isUnreaped = child.pid !== undefined;
    child.on('exit', (code, signal) => {
      this.#ending = { code, signal };
      this.#isUnreaped = false;
    });
    child.unref();
    this.#startedAt = this.#options.clock.now();
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    if (this.#identity !== undefined) writeAtomically(this.#stateFile, JSON.stringify(this.#identity));
  }

  #watch(): void {
    this.#cancel = this.#options.clock.after(POLL_MS, () => {
      if (this.#stopping) return;
      if (this.#identity !== undefined && (isRunning(this.#identity) || this.#isUnreaped)) this.#watch();
      else this.#restart();
    });
  }

  #restart(): void {
    const { clock, log, name } = this.#options;
    // Nothing is wrong with what was killed from outside: it starts at once, however often.
    this.#restarts = this.#ending?.signal === 'SIGKILL' || clock.now() - this.#startedAt > HEALTHY_MS ? 0 : this.#restarts + 1;
    this.#fault = this.#unmendable();
    if (this.#fault !== undefined) {
      log.error({ part: name, fault: this.#fault }, 'Part cannot run and is not started again');
      return;
    }
    const delayMs = this.#restarts <= 1 ? 0 : Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** this.#restarts);
    log.warn({ part: name, restarts: this.#restarts, delayMs }, 'Part ended and is started again');
    this.#cancel = clock.after(delayMs, () => {
      if (this.#stopping) return;
      this.#spawn();
      this.#watch();
    });
  }

  #unmendable(): string | undefined {
    const { clock, data, name } = this.#options;
    if (this.#ending?.code === EXIT.unusable) return lastLine(join(data.logs, `${name}.log`)).replace(/^aweigh: /, '');
    const { signal = null } = this.#ending ?? {};
    if (!CRASHES.has(signal) || this.#restarts < 2 || clock.now() - this.#startedAt > CRASHES_SOON_MS) return undefined;
    return `The ${name} process ended by ${signal} right after its start, twice: what it reads in ${data.root} is most likely damaged. Restore a backup into another directory with 'aweigh restore FILE --data DIR'; nothing here was changed`;
  }

  #ended(identity: ProcessIdentity, deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const until = clock.now() + deadlineMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isRunning(identity)) resolve(true);
        else if (clock.now() >= until) resolve(false);
        else clock.after(20, look);
      };
      look();
    });
  }
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
}

export function readIdentity(file: string): ProcessIdentity | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
