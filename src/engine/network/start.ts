import type { Client } from '../../client/client.ts';
import { EndpointSlices, Services } from '../../client/kinds.ts';
import type { EndpointSlice, Service } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { DnsAnswers } from './dns-answers.ts';
import { startDnsServer } from './dns-server.ts';
import { followKind } from './follow-kind.ts';
import { stateFile } from './known-state.ts';
import { tellPortsBound } from './ports-bound.ts';
import { proxyRules } from './proxy-rules.ts';
import { serviceProxy } from './service-proxy.ts';

export interface NetworkOptions {
  readonly client: Client;
  /** The last known state is kept in here. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** UDP and TCP; 0: a free port; absent: no DNS. */
  readonly dnsPort?: number;
  /** Default 127.0.0.1. */
  readonly dnsAddress?: string;
  /** Answers on port 53 too, where that can be opened: the only port that a resolv.conf can mean. */
  readonly dnsOnPort53?: boolean;
  /** Where node ports listen. Default 127.0.0.1. */
  readonly nodeAddress?: string;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
}

export interface Network {
  readonly dnsPort?: number;
  /** Resolves when the API's Services and EndpointSlices were read and their ports opened. */
  readonly synced: Promise<void>;
  close(): Promise<void>;
}

/** Service proxy and DNS. It serves the last known state at once, and keeps it while the API is away. @throws the DNS port's bind error */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { client, clock, log, clusterDomain = 'cluster.local', nodeAddress = '127.0.0.1' } = options;
  const stop = new AbortController();
  const file = stateFile(options.dataDir);
  let state = file.read() ?? { services: [], slices: [] };
  let answers = new DnsAnswers(state, clusterDomain);
  let services: ReadonlyMap<string, Service> | undefined;
  let slices: ReadonlyMap<string, EndpointSlice> | undefined;
  let telling = Promise.resolve();
  const proxy = serviceProxy(clock, log, (unbound) => void (telling = telling.then(() => tellPortsBound(options, services === undefined ? [] : [...services.values()], unbound))));
  const dns = options.dnsPort === undefined ? undefined : await startDnsServer(options.dnsAddress ?? '127.0.0.1', options.dnsPort, () => answers);
  const dns53 = options.dnsOnPort53 === true ? await startDnsServer(options.dnsAddress ?? '127.0.0.1', 53, () => answers).catch((e: unknown) => {
    log.info({ error: e instanceof Error ? e.message : String(e) }, 'DNS does not answer on port 53');
    return undefined;
  }) : undefined;
  if (state.services.length > 0) await proxy.update(proxyRules(state, nodeAddress));

  const synced = Promise.withResolvers<void>();
  let scheduled = false;
  const refresh = () => {
    scheduled = false;
    // Half of the truth would close ports that are wanted.
    if (services === undefined || slices === undefined || stop.signal.aborted) return;
    state = { services: [...services.values()], slices: [...slices.values()] };
    answers = new DnsAnswers(state, clusterDomain);
    file.save(state);
    proxy.update(proxyRules(state, nodeAddress)).then(synced.resolve, synced.reject);
  };
  const changed = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(refresh);
  };
  const follow = { client, clock, log, signal: stop.signal };
  const following = Promise.all([
    followKind({ ...follow, resource: Services, changed: (all) => ((services = all), changed()) }),
    followKind({ ...follow, resource: EndpointSlices, changed: (all) => ((slices = all), changed()) }),
  ]);
  following.catch(() => undefined);

  return {
    dnsPort: dns?.port,
    synced: synced.promise,
    async close() {
      stop.abort();
      proxy.close();
      await Promise.all([dns?.close(), dns53?.close()]);
      await following.catch(() => undefined);
      await Promise.all([file.flush(), telling]);
    },
  };
}
