/** An IPv4 range, addresses as numbers. */
export interface AddressRange {
  readonly first: number;
  readonly size: number;
}

/** @throws {Error} when the text is not an IPv4 CIDR */
export function parseRange(cidr: string): AddressRange {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr)?.slice(1).map(Number) ?? [];
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = parts;
  if (Math.max(a, b, c, d) > 255 || bits > 30) throw new Error(`The address range ${JSON.stringify(cidr)} is not of the form 127.96.0.0/12 with a prefix of at most 30 bits`);
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { first: address - (address % size), size };
}

export function formatAddress(n: number): string {
  return [n / 2 ** 24, n / 2 ** 16, n / 2 ** 8, n].map((x) => Math.floor(x) % 256).join('.');
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) return undefined;
  return parts.reduce((sum, p) => sum * 256 + p, 0);
}

const nodePortFirst = 30000;
const nodePortCount = 2768;

export type Taken = 'taken' | 'notInRange' | 'inUse';

/** Hands out ClusterIPs and node ports. Holds no state on disk: what the stored Services have is taken at start. */
export class AddressPool {
  readonly #range: AddressRange;
  readonly #used = new Map<number, string>();
  readonly #ports = new Map<number, string>();
  #next: number;
  #nextPort = 0;

  constructor(cidr: string) {
    this.#range = parseRange(cidr);
    this.#next = Math.min(256, this.#range.size >> 4) + 1;
  }

  /** The first address: the `kubernetes` Service's. */
  get first(): string {
    return formatAddress(this.#range.first + 1);
  }

  take(address: string, owner: string): Taken {
    const n = parseAddress(address);
    if (n === undefined || n <= this.#range.first || n >= this.#range.first + this.#range.size - 1) return 'notInRange';
    const holder = this.#used.get(n);
    if (holder !== undefined && holder !== owner) return 'inUse';
    this.#used.set(n, owner);
    return 'taken';
  }

  /** A free address; the first part of the range, where people choose fixed ones, is used last. */
  allocate(owner: string): string | undefined {
    for (let tries = 0; tries < this.#range.size - 2; tries++) {
      const n = this.#range.first + this.#next;
      this.#next = this.#next + 1 >= this.#range.size - 1 ? 1 : this.#next + 1;
      if (this.#used.has(n)) continue;
      this.#used.set(n, owner);
      return formatAddress(n);
    }
    return undefined;
  }

  takePort(port: number, owner: string): Taken {
    if (port < nodePortFirst || port >= nodePortFirst + nodePortCount) return 'notInRange';
    const holder = this.#ports.get(port);
    if (holder !== undefined && holder !== owner) return 'inUse';
    this.#ports.set(port, owner);
    return 'taken';
  }

  allocatePort(owner: string): number | undefined {
    for (let tries = 0; tries < nodePortCount; tries++) {
      const port = nodePortFirst + ((this.#nextPort++ * 7919) % nodePortCount);
      if (this.#ports.has(port)) continue;
      this.#ports.set(port, owner);
      return port;
    }
    return undefined;
  }

  /** Gives back what `owner` holds, except what it keeps. */
  release(owner: string, keep: { readonly addresses?: readonly string[]; readonly ports?: readonly number[] } = {}): void {
    const kept = new Set((keep.addresses ?? []).map(parseAddress));
    for (const [n, holder] of this.#used) if (holder === owner && !kept.has(n)) this.#used.delete(n);
    for (const [port, holder] of this.#ports) if (holder === owner && keep.ports?.includes(port) !== true) this.#ports.delete(port);
  }
}
