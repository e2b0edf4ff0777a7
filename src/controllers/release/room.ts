import type { Node, Pod, PodSpec, ResourceQuota } from '../../kubernetes/types.generated.ts';

/** What a quota lacks for so many pods more. */
export function quotaShortage(quota: ResourceQuota, surge: number, template: PodSpec | undefined): string[] {
  return Object.entries(quota.status?.hard ?? quota.spec?.hard ?? {}).flatMap(([name, hard]) => {
    const each = demand(name, template);
    if (each === undefined) return [];
    const free = amount(String(hard)) - amount(String(quota.status?.used?.[name] ?? '0'));
    const needed = each * surge;
    return needed <= free ? [] : [`ResourceQuota ${quota.metadata?.name} leaves ${round(free)} of ${name}, the release needs ${round(needed)} more at its peak: raise the quota or shrink a track`];
  });
}

/** What the nodes lack for so many pods more, where each has to fit on one of them. Affinities and taints are left to the scheduler. */
export function nodeShortage({ nodes, pods }: { readonly nodes: readonly Node[]; readonly pods: readonly Pod[] }, surge: number, template: PodSpec | undefined, track: string): string[] {
  const each: Record<string, number> = { cpu: requested(template, 'cpu'), memory: requested(template, 'memory'), pods: 1 };
  const usable = nodes.filter((n) => n.spec?.unschedulable !== true && n.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'False');
  const fits = usable.map((node) => {
    const own = pods.filter((p) => p.spec?.nodeName === node.metadata?.name && p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed');
    const room = Object.entries(each).flatMap(([name, one]) => {
      if (one === 0) return [];
      const used = name === 'pods' ? own.length : own.reduce((sum, p) => sum + requested(p.spec, name), 0);
      return [{ name, count: Math.floor((amount(String(node.status?.allocatable?.[name] ?? '0')) - used) / one) }];
    });
    return room.reduce((least, r) => (r.count < least.count ? r : least), { name: 'pods', count: Infinity });
  });
  const total = fits.reduce((sum, f) => sum + Math.max(0, f.count), 0);
  if (total >= surge) return [];
  const short = fits.toSorted((a, b) => a.count - b.count)[0]?.name ?? 'nodes';
  return [`The nodes have room for ${total} pods more of this size (${short} is short), the release needs ${surge} at its peak on ${track}: add a node, or shrink a track or what a pod requests`];
}

function demand(name: string, template: PodSpec | undefined): number | undefined {
  if (name === 'pods' || name === 'count/pods') return 1;
  const [kind, resource] = name.includes('.') ? name.split('.', 2) : ['requests', name];
  if ((resource !== 'cpu' && resource !== 'memory') || (kind !== 'requests' && kind !== 'limits')) return undefined;
  return requested(template, resource, kind);
}

function requested(template: PodSpec | undefined, resource: string, kind: 'requests' | 'limits' = 'requests'): number {
  return (template?.containers ?? []).reduce((sum, c) => sum + amount(String(c.resources?.[kind]?.[resource] ?? (kind === 'requests' ? c.resources?.limits?.[resource] : undefined) ?? '0')), 0);
}

const SUFFIXES: Readonly<Record<string, number>> = { '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };

/** A Kubernetes quantity as a number. */
function amount(text: string): number {
  const [, digits, suffix = ''] = /^([0-9.]+(?:e[0-9]+)?)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(digits ?? NaN) * (SUFFIXES[suffix] ?? NaN);
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
