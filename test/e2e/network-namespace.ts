import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { run, type CommandOptions, type CommandResult } from './command-line.ts';

const UNSHARE = '/usr/bin/unshare';

/** Where programs of a test run. */
export interface Network {
  /** The command line that runs a program there. */
  words(program: string, ...args: readonly string[]): [string, ...string[]];
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** That of the test itself. */
export const ownNetwork: Network = { words: (program, ...args) => [program, ...args], run };

/** A network of its own, so that a test touches nothing of the machine's: every command in it is run through {@link NetworkNamespace.words}. */
export class NetworkNamespace implements Network {
  readonly #holder: number;
  readonly #user: boolean;
  readonly stop: () => void;

  private constructor(holder: number, user: boolean, stop: () => void) {
    this.#holder = holder;
    this.#user = user;
    this.stop = stop;
  }

  /** @param user in a user namespace too, as an ordinary user has it */
  static async make(user: boolean): Promise<NetworkNamespace> {
    // In a group of its own: who ends the test's group leaves it the network to end its cluster in.
    const holder = spawn(UNSHARE, [...(user ? ['--map-root-user'] : []), '--net', 'sh', '-c', 'echo made; exec sleep 900'], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    await once(holder.stdout, 'data');
    return new NetworkNamespace(holder.pid!, user, () => holder.kill('SIGKILL'));
  }

  /** Whether this machine lets the one who tests make one. */
  static isPossible(user: boolean): boolean {
    return spawnSync(UNSHARE, [...(user ? ['--map-root-user'] : []), '--net', 'true']).status === 0;
  }

  words(program: string, ...args: readonly string[]): [string, ...string[]] {
    return ['nsenter', '--target', String(this.#holder), ...(this.#user ? ['--user', '--preserve-credentials'] : []), '--net', '--', program, ...args];
  }

  run(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    const [first, ...rest] = this.words(program, ...args);
    return run(first, rest, options);
  }
}
