import type { Pod } from '../../kubernetes/types.generated.ts';

/** Where the cluster's names are answered. */
export interface ClusterDns {
  readonly address: string;
  readonly port: number;
  /** Such as `cluster.local`. */
  readonly domain: string;
  /** Port 53 answers too, so that a resolv.conf can name it. */
  readonly onPort53: boolean;
}

const maxServers = 3;

/** The resolv.conf of a pod by its dnsPolicy and dnsConfig. Undefined: it has the machine's own.
 *  The machine's servers come after the cluster's, which refuses what is not its own, so that other names are found too.
 *  @param machine text of the machine's resolv.conf */
export function resolvConf(pod: Pod, dns: ClusterDns | undefined, machine: string): string | undefined {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {};
  const ofCluster = dns?.onPort53 === true && (dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && hostNetwork !== true));
  if (!ofCluster && dnsPolicy !== 'None' && dnsConfig === undefined) return undefined;
  const own = dnsPolicy === 'None' ? [] : machineValues(machine, 'nameserver');
  const ownSearch = dnsPolicy === 'None' ? [] : machineValues(machine, 'search').flatMap((s) => s.split(/\s+/));
  const ownOptions = dnsPolicy === 'None' ? [] : machineValues(machine, 'options').flatMap((s) => s.split(/\s+/));
  const namespace = pod.metadata?.namespace ?? 'default';
  const servers = [...(ofCluster ? [dns.address] : []), ...(dnsConfig?.nameservers ?? []), ...own];
  const search = [...(ofCluster ? [`${namespace}.svc.${dns.domain}`, `svc.${dns.domain}`, dns.domain] : []), ...ownSearch, ...(dnsConfig?.searches ?? [])];
  const given = (dnsConfig?.options ?? []).map((o) => (o.value === undefined ? (o.name ?? '') : `${o.name}:${o.value}`));
  const options = new Map([...(ofCluster ? ['ndots:5'] : []), ...ownOptions, ...given].map((o) => [o.split(':')[0], o]));
  return [
    ...[...new Set(servers)].slice(0, maxServers).map((s) => `nameserver ${s}`),
    ...(search.length > 0 ? [`search ${[...new Set(search)].join(' ')}`] : []),
    ...(options.size > 0 ? [`options ${[...options.values()].join(' ')}`] : []),
    '',
  ].join('\n');
}

function machineValues(text: string, keyword: string): string[] {
  return text.split('\n').flatMap((line) => new RegExp(`^\\s*${keyword}\\s+(.*?)\\s*$`).exec(line)?.[1] ?? []);
}
