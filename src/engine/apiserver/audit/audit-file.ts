import { appendFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';

const KEPT_FILES = 10;

/** Appends lines to a file that only its owner reads; beyond `maxBytes` it becomes `FILE.1`, and so on. A line is on its way to the disk when
 *  the turn of the event loop in which it was written ends. */
export class AuditFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #size: number;
  #waiting: string[] = [];

  constructor(path: string, maxBytes = 100 * 1024 * 1024) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#size = existsSync(path) ? statSync(path).size : 0;
  }

  write(line: string): void {
    this.#waiting.push(line);
    if (this.#waiting.length === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const text = `${this.#waiting.join('\n')}\n`;
    this.#waiting = [];
    if (this.#size > 0 && this.#size + text.length > this.#maxBytes) this.#rotate();
    appendFileSync(this.#path, text, { mode: 0o600 });
    this.#size += Buffer.byteLength(text);
  }

  #rotate(): void {
    rmSync(`${this.#path}.${KEPT_FILES}`, { force: true });
    for (let n = KEPT_FILES - 1; n >= 1; n--) if (existsSync(`${this.#path}.${n}`)) renameSync(`${this.#path}.${n}`, `${this.#path}.${n + 1}`);
    renameSync(this.#path, `${this.#path}.1`);
    this.#size = 0;
  }
}
