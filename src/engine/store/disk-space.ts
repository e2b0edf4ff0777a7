import { statfsSync } from 'node:fs';
import { StatusError } from '../../client/status-error.ts';
import type { Clock } from '../../runtime/clock.ts';

/** Kept free for the store: a commit that finds no space breaks LMDB's memory, and with it the process. */
const RESERVE_BYTES = 32 * 1024 * 1024;
const ASK_EVERY_MS = 250;

/** Refuses writes while the disk is nearly full. */
export class DiskSpace {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #freeBytes: (dir: string) => number;
  #askedAtMs = -Infinity;
  #free = Infinity;

  constructor(dir: string, clock: Clock, freeBytes: (dir: string) => number = freeBytesOf) {
    this.#dir = dir;
    this.#clock = clock;
    this.#freeBytes = freeBytes;
  }

  /** Why nothing may be written now; undefined: it may. The client may try again: nothing was written. */
  refusal(): StatusError | undefined {
    const now = this.#clock.now();
    if (now - this.#askedAtMs >= ASK_EVERY_MS || now < this.#askedAtMs) {
      this.#askedAtMs = now;
      this.#free = this.#freeBytes(this.#dir);
    }
    if (this.#free >= RESERVE_BYTES) return undefined;
    const megabytes = (bytes: number): number => Math.floor(bytes / 1024 / 1024);
    return new StatusError({
      code: 507, reason: 'InsufficientStorage', details: { retryAfterSeconds: 5 },
      message: `The disk of ${this.#dir} has ${megabytes(this.#free)} MB left, and the store writes only while ${megabytes(RESERVE_BYTES)} MB are free: free space; nothing was written`,
    });
  }
}

function freeBytesOf(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
