/** Draws a picture over the one before on a terminal; elsewhere prints a picture only when it differs, without what only counts. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #height = 0;
  #last = '';

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  draw(picture: string): void {
    if (!this.#out.isTTY) return this.#drawPlain(picture);
    const up = this.#height > 0 ? `\u001B[${this.#height}A\u001B[J` : '';
    this.#out.write(`${up}${picture}\n`);
    this.#height = picture.split('\n').length;
  }

  /** What is on the screen stays, what comes next goes below. */
  keep(): void {
    this.#height = 0;
  }

  #drawPlain(picture: string): void {
    const stable = picture.split('\n').slice(0, -1).join('\n');
    if (stable === this.#last) return;
    this.#last = stable;
    this.#out.write(`${picture}\n\n`);
  }
}
