import { readFileSync, rmSync } from 'node:fs';
import type { Client } from '../../client/client.ts';
import type { Repository } from '../../controllers/record/repository.ts';
import type { TrafficProvider } from '../../controllers/routing/traffic-provider.ts';

/** Where a test wants this process to be killed: at the `step`-th write, commit or router command from now, before or after it. */
export interface Fault {
  readonly step: number;
  readonly when: 'before' | 'after';
}

const CLIENT_WRITES: ReadonlySet<string> = new Set<keyof Client>(['create', 'update', 'updateStatus', 'patch', 'apply', 'delete', 'createSubresource']);
const COMMITS: ReadonlySet<string> = new Set<keyof Repository>(['commit']);
const COMMANDS: ReadonlySet<string> = new Set<keyof TrafficProvider>(['tell']);

/**
 * Proof that a kill at any instant loses nothing: tests name a file, and write a {@link Fault} to it when they are ready. The file goes
 * with the kill, so the process that follows runs on. Without a file name nothing is wrapped.
 */
export class Faults {
  readonly #file: string | undefined;
  #steps = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  client(client: Client): Client { return this.#wrap(client, CLIENT_WRITES); }
  repository<T extends Repository>(repository: T): T { return this.#wrap(repository, COMMITS); }
  provider(provider: TrafficProvider): TrafficProvider { return this.#wrap(provider, COMMANDS); }

  #wrap<T extends object>(target: T, methods: ReadonlySet<string>): T {
    if (this.#file === undefined) return target;
    return new Proxy(target, {
      get: (inner, name) => {
        const value: unknown = Reflect.get(inner, name, inner);
        if (typeof value !== 'function') return value;
        if (typeof name !== 'string' || !methods.has(name)) return value.bind(inner) as unknown;
        return async (...args: unknown[]): Promise<unknown> => {
          const fault = this.#next();
          if (fault?.when === 'before') this.#strike();
          const result: unknown = await Reflect.apply(value, inner, args);
          if (fault?.when === 'after') this.#strike();
          return result;
        };
      },
    });
  }

  /** The fault whose turn it is now. Counting starts when the file appears. */
  #next(): Fault | undefined {
    try {
      const fault = JSON.parse(readFileSync(this.#file ?? '', 'utf8')) as Fault;
      this.#steps++;
      return this.#steps === fault.step ? fault : undefined;
    } catch {
      this.#steps = 0;
      return undefined;
    }
  }

  #strike(): void {
    rmSync(this.#file ?? '', { force: true });
    process.kill(process.pid, 'SIGKILL');
  }
}
