/** Counts of values by upper bound, as Prometheus reads them. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (let i = 0; i < this.#bounds.length; i++) {
      if (value > (this.#bounds[i] as number)) continue;
      this.#counts[i] = (this.#counts[i] as number) + 1;
      return;
    }
  }

  /** Text form. @param labels without braces; '' for none */
  lines(name: string, labels: string): string[] {
    const before = labels === '' ? '' : `${labels},`;
    let total = 0;
    const buckets = this.#bounds.map((bound, i) => `${name}_bucket{${before}le="${bound}"} ${(total += this.#counts[i] as number)}`);
    const own = labels === '' ? '' : `{${labels}}`;
    return [...buckets, `${name}_bucket{${before}le="+Inf"} ${this.#count}`, `${name}_sum${own} ${this.#sum}`, `${name}_count${own} ${this.#count}`];
  }
}
