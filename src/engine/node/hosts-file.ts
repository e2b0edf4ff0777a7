import type { Pod } from '../../kubernetes/types.generated.ts';
import type { ClusterDns } from './resolv-conf.ts';

const machineHeader = '# Entries of the machine:';

/** The /etc/hosts of a pod: its own name, its hostAliases, and the names that the machine knows. Undefined: it sees the machine's.
 *  @param machine text of the machine's file */
export function hostsFile(pod: Pod, podIp: string, dns: ClusterDns | undefined, machine: string): string | undefined {
  const { hostNetwork, hostAliases = [], hostname = pod.metadata?.name ?? '', subdomain } = pod.spec ?? {};
  const aliases = hostAliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...hostAliases.map((a) => [a.ip, ...(a.hostnames ?? [])].join('\t'))];
  if (hostNetwork === true) return aliases.length === 0 ? undefined : ['# Kubernetes-managed hosts file (host network).', machine.trimEnd(), ...aliases, ''].join('\n');
  if (aliases.length === 0 && dns?.onPort53 !== true) return undefined;
  const own = subdomain === undefined || dns === undefined ? [hostname] : [`${hostname}.${subdomain}.${pod.metadata?.namespace}.svc.${dns.domain}`, hostname];
  const known = machine.split('\n').map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '' && !/^(?:127\.0\.0\.1|::1)\s+(?:localhost|ip6-)/.test(line));
  return [
    '# Kubernetes-managed hosts file.', '127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', [podIp, ...own].join('\t'), ...aliases,
    ...(known.length === 0 ? [] : ['', machineHeader, ...known]), '',
  ].join('\n');
}
