import type { Clock, Random } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

/** The world of one run of the command line. Only main.ts makes one from the process. */
export interface Terminal {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Program and first arguments that start this same Aweigh again. */
  readonly program: readonly [string, ...string[]];
  /** Who acts, as releases and the record show it. */
  readonly actor: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}
