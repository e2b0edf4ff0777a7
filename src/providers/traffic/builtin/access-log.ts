import type { TrafficBackend } from '../../../controllers/routing/traffic-provider.ts';
import type { Random } from '../../../runtime/clock.ts';

const FLUSH_MS = 100;
const LIMIT_LINES = 10_000;

export interface AccessLogOptions {
  /** Share of the requests; 0 is off, and where it is not, answers of 500 and above are always written. */
  readonly percent: number;
  readonly userIds: boolean;
  readonly random: Random;
  readonly write: (text: string) => void;
}

/** One request. `url` may hold a query, `user` an id as latin1. */
export interface AccessEntry {
  readonly at: number;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number;
  /** Until the answer's head; -1: there was none. */
  readonly ms: number;
  readonly totalMs: number;
  readonly segment: string;
  readonly bucket: number;
  readonly user: string | undefined;
  readonly backend: TrafficBackend | undefined;
  readonly server: string;
  readonly retries: number;
  readonly whole: boolean;
}

/** One JSON line a request, written together: a write for each would block the router. Lines beyond 10,000 unwritten ones are dropped. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  add({ at, method, url = '', status, ms, totalMs, segment, bucket, user, backend, server, retries, whole }: AccessEntry): void {
    const { percent, userIds, random } = this.#options;
    if (percent === 0 || this.#lines.length >= LIMIT_LINES) return;
    if (status < 500 && random.next() * 100 >= percent) return;
    // The query may hold secrets.
    const path = url.slice(0, (url.indexOf('?') + 1 || url.length + 1) - 1);
    this.#lines.push(JSON.stringify({
      at: new Date(at).toISOString(), method, path, status, ms, totalMs, segment, bucket, ...(userIds && { user: Buffer.from(user ?? '', 'latin1').toString() }),
      backend: backend?.name ?? '-', track: backend?.track ?? '-', version: backend?.version ?? '-', server, retries, end: whole ? '--' : 'C-',
    }));
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#options.write(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}
