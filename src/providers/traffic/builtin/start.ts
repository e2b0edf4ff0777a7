import { createServer, type Server } from 'node:http';
import type { Traffic } from '../../../controllers/routing/traffic-provider.ts';
import type { Random } from '../../../runtime/clock.ts';
import { identifier } from '../identity.ts';
import { CONTROL_PORT, HEALTH_PORT, type RouterLayout, UNTOLD_WAIT_MS } from '../router-layout.ts';
import { AccessLog } from './access-log.ts';
import { BackendPool } from './backend-pool.ts';
import { type ControlAnswer, type ControlRequest, startControlServer } from './control-server.ts';
import { createListener } from './listener.ts';
import { forward, type ProxyOptions } from './proxy.ts';
import { forwardUpgrade } from './upgrade.ts';

export interface BuiltinRouterOptions {
  /** Content of `router.json`. */
  readonly layout: Omit<RouterLayout, 'extra'>;
  /** Where all ports are bound: the pod's address. */
  readonly address: string;
  /** PEM: who may command, and the router's own certificate with its key. */
  readonly ca: string;
  readonly pem: string;
  readonly now: () => number;
  /** A clock that only goes forward, with fractions of a millisecond. */
  readonly elapsedMs: () => number;
  readonly random: Random;
  /** Takes the access log. */
  readonly write: (text: string) => void;
}

export interface BuiltinRouter {
  /** Takes no more connections, finishes what runs (the layout's drainSeconds at most), then ends. @param now cuts what runs */
  close(now?: boolean): Promise<void>;
}

const NO_TRAFFIC: Traffic = { backends: [], routes: [], production: { seed: '-' } };

/** The router where HAProxy is not: same rules, same control. @throws a bind error */
export async function startBuiltinRouter(options: BuiltinRouterOptions): Promise<BuiltinRouter> {
  const { layout, address, random, now } = options;
  const pool = new BackendPool();
  const log = new AccessLog({ ...layout.accessLog, random, write: options.write });
  const segments = new Map<string, number>();
  let traffic = NO_TRAFFIC;
  let lists: ReturnType<typeof userLists> = new Map();
  let told = false;
  let ready = false;
  let switchAt = 0;
  let stopping = false;
  const known = new Set(layout.segments);
  const proxy: ProxyOptions = {
    layout, pool, log, now, segments, elapsedMs: options.elapsedMs,
    identify: identifier(layout, now),
    stopping: () => stopping,
    routing: {
      get traffic() { return traffic; },
      defaultSegment: layout.defaultSegment,
      segments: known,
      usable: (backend) => pool.usable(backend),
      listed: (segment, user) => lists.get(segment)?.get(user),
      randomBucket: () => Math.floor(random.next() * 10_000),
    },
  };

  const answer = (request: ControlRequest): ControlAnswer => {
    switch (request.command) {
      case 'set':
        pool.update(request.traffic);
        traffic = request.traffic;
        lists = userLists(traffic);
        told = true;
        if (request.switchAt !== undefined) ({ switchAt } = request);
        break;
      case 'ready':
        ready = told;
        if (ready) for (const run of waiting) run();
        break;
      case 'stats':
        return { stats: { backends: pool.stats(), groups: Object.fromEntries(segments) } };
      case 'show':
        break;
      default:
        return { error: `Unknown command ${JSON.stringify((request as { command?: unknown }).command)}: there are show, set, ready, stats` };
    }
    return { state: { ready, switchAt, ...(told ? { traffic } : {}) } };
  };

  // One that was not told yet lets requests wait a little for it, instead of answering for nobody.
  const waiting = new Set<() => void>();
  const whenReady = (go: () => void): void => {
    if (ready) return go();
    const run = (): void => {
      clearTimeout(timer);
      if (waiting.delete(run)) go();
    };
    waiting.add(run);
    const timer = setTimeout(run, UNTOLD_WAIT_MS);
  };
  const requests = createListener({
    request: (incoming, outgoing) => whenReady(() => forward(proxy, incoming, outgoing)),
    upgrade: (incoming, socket, head) => whenReady(() => forwardUpgrade(proxy, incoming, socket as never, head)),
  });
  const health = createServer((incoming, outgoing) => {
    const ok = incoming.url === '/live' || (incoming.url === '/ready' && ready && !stopping);
    outgoing.writeHead(ok ? 200 : 503, { 'content-type': 'text/plain', connection: 'close' }).end(ok ? 'ok\n' : 'not told yet\n');
  });
  const control = await startControlServer({ address, port: CONTROL_PORT, ca: options.ca, pem: options.pem, answer });
  await Promise.all([listen(requests.server, layout.port, address), listen(health, HEALTH_PORT, address)]);

  return {
    async close(atOnce = false) {
      stopping = true;
      control.close();
      const closed = requests.close();
      let timer: NodeJS.Timeout | undefined;
      if (atOnce) requests.cut();
      await Promise.race([closed, new Promise<void>((resolve) => (timer = setTimeout(resolve, layout.drainSeconds * 1000)))]);
      clearTimeout(timer);
      requests.cut();
      health.close();
      health.closeAllConnections();
      pool.close();
      log.flush();
    },
  };
}

/** By segment and user id (as latin1): who is always in or out; undefined is production. */
function userLists({ routes, production }: Traffic): Map<string | undefined, Map<string, 'in' | 'out'>> {
  const asSent = (user: string): string => Buffer.from(user).toString('latin1');
  return new Map([...routes, { ...production, segment: undefined }].map(({ segment, include = [], exclude = [] }) => [segment, new Map([...include.map((u) => [asSent(u), 'in'] as const), ...exclude.map((u) => [asSent(u), 'out'] as const)])]));
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => server.once('error', reject).listen({ port, host: address, backlog: 2048 }, resolve));
}
