import { Agent } from 'node:http';
import { connect } from 'node:net';
import { Http2Sessions } from './http2-sessions.ts';
import { cellOf } from '../latency-cells.ts';
import type { BackendStats, Traffic, TrafficBackend, TrafficServer } from '../../../controllers/routing/traffic-provider.ts';

const CHECK_MS = 1_000;

export interface PoolServer {
  readonly address: string;
  readonly port: number;
  readonly id: string;
  readonly agent: Agent;
  readonly sessions: Http2Sessions;
  draining: boolean;
}

interface PoolBackend {
  told: TrafficBackend;
  servers: PoolServer[];
  turn: number;
  total: number;
  errors: number;
  latency: Record<number, number>;
}

/** The servers of every backend, with the idle connections to each. Counters of a backend live as long as it is told. */
export class BackendPool {
  readonly #backends = new Map<string, PoolBackend>();
  /** Ids of servers, in whatever backends they are, that refused their last connection. */
  readonly #down = new Set<string>();
  #checking: NodeJS.Timeout | undefined;

  /** All at once: between two requests everything has changed. */
  update(traffic: Traffic): void {
    const wanted = new Set(traffic.backends.map((b) => b.name));
    for (const [name, backend] of this.#backends) {
      if (wanted.has(name)) continue;
      for (const server of backend.servers) leave(server);
      this.#backends.delete(name);
    }
    for (const told of traffic.backends) {
      const before = this.#backends.get(told.name);
      const kept = new Map(before?.servers.map((s) => [s.id, s]));
      const servers = told.servers.map((s) => {
        const server = kept.get(idOf(s)) ?? newServer(s);
        kept.delete(server.id);
        server.draining = s.draining;
        return server;
      });
      for (const gone of kept.values()) leave(gone);
      if (before === undefined) this.#backends.set(told.name, { told, servers, turn: 0, total: 0, errors: 0, latency: {} });
      else Object.assign(before, { told, servers });
    }
  }

  usable(name: string): number {
    const backend = this.#backends.get(name);
    let count = 0;
    for (const server of backend?.servers ?? []) if (!server.draining && !this.#down.has(server.id)) count++;
    return count;
  }

  /** The next server in turn that is not in `tried`; one that is down only when no other is left. */
  pick(name: string, tried: ReadonlySet<PoolServer>): PoolServer | undefined {
    const backend = this.#backends.get(name);
    if (backend === undefined) return undefined;
    const { servers } = backend;
    let last: PoolServer | undefined;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(backend.turn + i) % servers.length];
      if (server === undefined || server.draining || tried.has(server)) continue;
      if (!this.#down.has(server.id)) {
        backend.turn = (backend.turn + i + 1) % servers.length;
        return server;
      }
      last ??= server;
    }
    return last;
  }

  told(name: string): TrafficBackend | undefined {
    return this.#backends.get(name)?.told;
  }

  count(name: string, failed: boolean): void {
    const backend = this.#backends.get(name);
    if (backend === undefined) return;
    backend.total++;
    if (failed) backend.errors++;
  }

  /** An answer's head came. */
  answered(name: string, microseconds: number): void {
    const backend = this.#backends.get(name);
    if (backend === undefined) return;
    const cell = cellOf(microseconds);
    backend.latency[cell] = (backend.latency[cell] ?? 0) + 1;
  }

  stats(): BackendStats[] {
    return [...this.#backends].map(([backend, { total, errors, latency }]) => ({ backend, total, errors, latency }));
  }

  refused(server: PoolServer): void {
    this.#down.add(server.id);
    this.#checking ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  accepted(server: PoolServer): void {
    if (this.#down.size > 0) this.#down.delete(server.id);
  }

  close(): void {
    clearInterval(this.#checking);
    for (const backend of this.#backends.values()) for (const server of backend.servers) {
      server.agent.destroy();
      server.sessions.destroy();
    }
  }

  /** Asks those that are down; ends when none is. */
  #check(): void {
    const known = new Map([...this.#backends.values()].flatMap((b) => b.servers.filter((s) => !s.draining).map((s) => [s.id, s])));
    for (const id of this.#down) if (!known.has(id)) this.#down.delete(id);
    if (this.#down.size === 0) {
      clearInterval(this.#checking);
      this.#checking = undefined;
    }
    for (const id of this.#down) {
      const server = known.get(id);
      if (server === undefined) continue;
      const socket = connect({ host: server.address, port: server.port, timeout: CHECK_MS });
      socket.once('connect', () => {
        this.#down.delete(id);
        socket.destroy();
      });
      socket.once('timeout', () => socket.destroy());
      socket.once('error', () => socket.destroy());
    }
  }
}

const idOf = (s: Pick<TrafficServer, 'address' | 'port'>): string => `${s.address}:${s.port}`;

function newServer(s: TrafficServer): PoolServer {
  return { address: s.address, port: s.port, id: idOf(s), agent: new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' }), sessions: new Http2Sessions(s.address, s.port), draining: s.draining };
}

/** Requests in flight finish; nothing idle is kept. */
function leave({ agent, sessions }: PoolServer): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  // Whatever comes free later is not kept.
  agent.maxFreeSockets = 0;
  sessions.close();
}
