import { ConfigMaps, PersistentVolumeClaims, Pods, ResourceQuotas, Secrets, Services } from '../../../client/kinds.ts';
import { keyOf, type KubernetesObject, type Resource } from '../../../client/resource.ts';
import { isTerminal } from '../../../kubernetes/pod-state.ts';
import { quantityValue } from '../../../kubernetes/quantity.ts';
import { semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { Pod, ResourceQuota } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';

const counted: Readonly<Record<string, Resource>> = { services: Services, configmaps: ConfigMaps, secrets: Secrets, persistentvolumeclaims: PersistentVolumeClaims, resourcequotas: ResourceQuotas };

/** Tells in each ResourceQuota's status how much of it is used. Kinds that it cannot count keep what admission wrote. */
export const resourceQuotaController: ControllerFactory = (context) => {
  const quotas = context.informer(ResourceQuotas);
  const inNamespace = (o: KubernetesObject) => quotas.list(o.metadata?.namespace).map(keyOf);
  return {
    name: 'resource-quota',
    sources: [source(ResourceQuotas, (q) => [keyOf(q)]), source(Pods, inNamespace), ...[Services, ConfigMaps, Secrets, PersistentVolumeClaims].map((r) => source(r as Resource, inNamespace))],
    workers: 2,
    async reconcile(key) {
      const quota = quotas.get(key);
      if (quota === undefined) return {};
      const hard = quota.spec?.hard ?? {};
      const used = Object.fromEntries(Object.keys(hard).map((name) => [name, usedOf(context, quota, name) ?? quota.status?.used?.[name] ?? '0']));
      const same = semanticEqual(quota.status?.hard, hard) && Object.entries(used).every(([name, value]) => quota.status?.used?.[name] !== undefined && quantityValue(quota.status.used[name]) === quantityValue(value));
      if (!same) await context.client.patch(ResourceQuotas, key, { metadata: { resourceVersion: quota.metadata?.resourceVersion }, status: { hard, used } }, { subresource: 'status' });
      return {};
    },
  };
};

function usedOf(context: ControllerContext, quota: ResourceQuota, name: string): string | undefined {
  const namespace = quota.metadata?.namespace;
  const plural = name.replace(/^count\//, '');
  const resource = counted[plural];
  if (resource !== undefined) return String(context.informer(resource).list(namespace).length);
  const pods = context.informer(Pods).list(namespace);
  if (name === 'count/pods') return String(pods.length);
  const live = pods.filter((p) => !isTerminal(p) && inScopes(quota, p));
  if (name === 'pods') return String(live.length);
  const [, kind = 'requests', what = name] = /^(requests|limits)\.(.+)$/.exec(name) ?? [];
  if (what !== 'cpu' && what !== 'memory' && what !== 'ephemeral-storage') return undefined;
  const total = live.reduce((n, p) => n + podTotal(p, kind as 'requests' | 'limits', what), 0);
  return what === 'cpu' ? `${Math.round(total * 1_000)}m` : String(Math.round(total));
}

function podTotal(pod: Pod, kind: 'requests' | 'limits', what: string): number {
  const of = (c: { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } }): number => quantityValue(c.resources?.[kind]?.[what] ?? '0');
  const running = (pod.spec?.containers ?? []).reduce((n, c) => n + of(c), 0);
  return Math.max(running, ...(pod.spec?.initContainers ?? []).map(of));
}

function inScopes(quota: ResourceQuota, pod: Pod): boolean {
  return (quota.spec?.scopes ?? []).every((scope) => {
    const bestEffort = (pod.spec?.containers ?? []).every((c) => Object.keys(c.resources?.requests ?? {}).length + Object.keys(c.resources?.limits ?? {}).length === 0);
    switch (scope) {
      case 'Terminating':
        return pod.spec?.activeDeadlineSeconds !== undefined;
      case 'NotTerminating':
        return pod.spec?.activeDeadlineSeconds === undefined;
      case 'BestEffort':
        return bestEffort;
      case 'NotBestEffort':
        return !bestEffort;
      default:
        return true;
    }
  });
}
