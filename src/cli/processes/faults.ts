import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import type { Resource } from '../../client/resource.ts';
import type { Repository } from '../../controllers/record/repository.ts';
import type { Notifiers } from '../../controllers/notification/controller.ts';
import type { Notifier } from '../../controllers/notification/notifier.ts';
import type { OpenSession } from '../../providers/traffic/control-connection.ts';
import { writeAtomically } from './data-directory.ts';

/** What a test asks of a process. It holds while the file is there. */
export interface FaultPlan {
  /** Of each kind of step the first is killed and then every so-manieth: 1 is each of them. */
  readonly every: number;
  /** Kills at one kind of step, at most. */
  readonly perKind: number;
  /** Only these kinds of steps; absent: all. */
  readonly kinds?: readonly string[];
}

/** What came of it, over all lives of the process. */
export interface FaultTally {
  /** Steps by kind, such as `patch Pod/status`, `commit` or `tell set map`. */
  readonly steps: Record<string, number>;
  /** In turn before the step, so that it never happened, and after it, so that nobody heard that it had. */
  readonly kills: { readonly kind: string; readonly when: 'before' | 'after' }[];
}

type FaultyProcess = 'control-plane' | 'controllers' | 'node';

export const planFile = (directory: string, process: FaultyProcess): string => join(directory, `${process}.json`);
export const tallyFile = (directory: string, process: FaultyProcess): string => join(directory, `${process}-tally.json`);

const CLIENT_WRITES: ReadonlySet<string> = new Set<keyof Client>(['create', 'update', 'updateStatus', 'patch', 'apply', 'delete', 'createSubresource']);

/**
 * Proof that a kill at any instant loses nothing: every write to the API, every commit, every exchange with a git server, every message and every question to a router is a step, and this
 * process kills itself before and after those that the plan names. Without a directory nothing is wrapped.
 */
export class Faults {
  readonly #directory: string | undefined;
  readonly #process: FaultyProcess;

  /** @param directory where the test writes its plan, and reads the tally */
  constructor(directory: string | undefined, process: FaultyProcess) {
    this.#directory = directory;
    this.#process = process;
  }

  client(client: Client): Client {
    return this.#wrap(client, CLIENT_WRITES, (method, args) => {
      const resource = args[0] as Resource | undefined;
      const subresource = method === 'createSubresource' ? args[2] : (args.at(-1) as { subresource?: string } | undefined)?.subresource;
      return `${method} ${resource?.kind ?? ''}${typeof subresource === 'string' ? `/${subresource}` : ''}`;
    });
  }

  repository<T extends Repository>(repository: T): T {
    return this.#wrap(repository, new Set<keyof Repository>(['commit', 'exchange']), (method) => method);
  }

  notifiers({ slack, email, webhook }: Notifiers): Notifiers {
    const wrap = (notifier: Notifier, kind: string): Notifier => this.#wrap(notifier, new Set<keyof Notifier>(['send']), () => `message ${kind}`);
    return { slack: wrap(slack, 'slack'), email: wrap(email, 'email'), webhook: wrap(webhook, 'webhook') };
  }

  /** Conversations with routers. */
  sessions(open: OpenSession): OpenSession {
    if (this.#directory === undefined) return open;
    return (...where) => this.#wrap(open(...where), new Set(['ask']), (_, [text]) => `tell ${commandOf(String(text))}`);
  }

  #wrap<T extends object>(target: T, methods: ReadonlySet<string>, kindOf: (method: string, args: readonly unknown[]) => string): T {
    if (this.#directory === undefined) return target;
    return new Proxy(target, {
      get: (inner, name) => {
        const value: unknown = Reflect.get(inner, name, inner);
        if (typeof value !== 'function') return value;
        if (typeof name !== 'string' || !methods.has(name)) return value.bind(inner) as unknown;
        return async (...args: unknown[]): Promise<unknown> => {
          const when = this.#next(kindOf(name, args));
          if (when === 'before') await this.#strike();
          const result: unknown = await Reflect.apply(value, inner, args);
          if (when === 'after') await this.#strike();
          return result;
        };
      },
    });
  }

  /** Counts a step, and says when it kills. */
  #next(kind: string): 'before' | 'after' | undefined {
    const directory = this.#directory ?? '';
    const plan = read<FaultPlan>(planFile(directory, this.#process));
    if (plan === undefined) return undefined;
    const tally = tallyFile(directory, this.#process);
    const { steps, kills } = read<FaultTally>(tally) ?? { steps: {}, kills: [] };
    const step = steps[kind] ?? 0;
    steps[kind] = step + 1;
    const before = kills.filter((k) => k.kind === kind).length;
    const isMeant = plan.kinds?.includes(kind) !== false && step % plan.every === 0 && before < plan.perKind;
    const when = !isMeant ? undefined : before % 2 === 0 ? 'before' as const : 'after' as const;
    if (when !== undefined) kills.push({ kind, when });
    writeAtomically(tally, JSON.stringify({ steps, kills } satisfies FaultTally));
    return when;
  }

  #strike(): Promise<never> {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  }
}

/** `set map` of HAProxy's commands, `set` of the built-in router's. */
function commandOf(text: string): string {
  return /"command":"(\w+)"/.exec(text)?.[1] ?? text.trim().split(/\s+/).slice(0, 2).join(' ');
}

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
