const FLUSH_MS = 100;
const LIMIT_LINES = 10_000;

/** One line a request, written together: a write for each would block the router. Lines beyond 10,000 unwritten ones are dropped. */
export class AccessLog {
  readonly #write: (text: string) => void;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(entry: object): void {
    if (this.#lines.length >= LIMIT_LINES) return;
    this.#lines.push(JSON.stringify(entry));
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#write(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}
