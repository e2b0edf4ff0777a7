/** IPv4 addresses of a range, handed out in turn, so that an address that was freed rests as long as possible. */
export class AddressPool {
  readonly #first: number;
  readonly #count: number;
  readonly #cidr: string;
  readonly #taken = new Set<number>();
  #next: number;

  /** @param start where to go on, such as the last address that was handed out */
  constructor(cidr: string, start?: string) {
    const { first, size } = parseCidr(cidr);
    this.#cidr = cidr;
    // Network and broadcast address stay free.
    this.#first = first + 1;
    this.#count = size - 2;
    this.#next = start === undefined ? 0 : Math.max(0, numberOf(start) - this.#first + 1) % this.#count;
  }

  /** @throws {Error} when every address is taken */
  take(): string {
    for (let tried = 0; tried < this.#count; tried++) {
      const offset = (this.#next + tried) % this.#count;
      const address = this.#first + offset;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      this.#next = (offset + 1) % this.#count;
      return textOf(address);
    }
    throw new Error(`No pod address is free: all ${this.#count} of ${this.#cidr} are taken; delete pods or use a larger range`);
  }

  /** Marks an address as taken, as by a pod that is adopted. */
  hold(address: string): void {
    this.#taken.add(numberOf(address));
  }

  free(address: string): void {
    this.#taken.delete(numberOf(address));
  }
}

/** @throws {RangeError} where the text is no IPv4 range that holds at least two usable addresses */
export function parseCidr(cidr: string): { readonly first: number; readonly size: number } {
  const found = /^((?:\d+\.){3}\d+)\/(\d+)$/.exec(cidr);
  const bits = Number(found?.[2]);
  if (found === null || found[1]!.split('.').some((part) => Number(part) > 255) || !(bits >= 1 && bits <= 30)) throw new RangeError(`An address range is written A.B.C.D/N with N from 1 to 30, and is '${cidr}'`);
  const size = 2 ** (32 - bits);
  const address = numberOf(found[1]!);
  return { first: address - (address % size), size };
}

/** Parts a range into one sub-range for each of `count` nodes. */
export function splitCidr(cidr: string, count: number): string[] {
  const { first, size } = parseCidr(cidr);
  const parts = 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
  const bits = 32 - Math.log2(size / parts);
  return Array.from({ length: count }, (_, i) => `${textOf(first + (i * size) / parts)}/${bits}`);
}

/** The n-th address of a range, its network address being the zeroth. */
export function addressAt(cidr: string, n: number): string {
  return textOf(parseCidr(cidr).first + n);
}

export function holds(cidr: string, address: string): boolean {
  const { first, size } = parseCidr(cidr);
  const offset = numberOf(address) - first;
  return offset >= 0 && offset < size;
}

export function overlaps(a: string, b: string): boolean {
  const [x, y] = [parseCidr(a), parseCidr(b)];
  return x.first < y.first + y.size && y.first < x.first + x.size;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
