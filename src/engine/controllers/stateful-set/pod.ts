import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from '../../../kubernetes/types.generated.ts';
import { podFromTemplate } from '../pod-template.ts';

export const revisionLabel = 'controller-revision-hash';

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name}-${ordinal}`;
}

/** The ordinal in a pod's name; undefined where the name is not of the set's form. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata?.name}-`;
  const text = pod.metadata?.name?.startsWith(prefix) === true ? pod.metadata.name.slice(prefix.length) : '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...template.metadata, name: `${template.metadata?.name}-${podName(set, ordinal)}`, namespace: set.metadata?.namespace, labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels } },
    status: undefined,
  }));
}

/** Pod number `ordinal`, with its stable name, host name and claims. */
export function statefulPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = podName(set, ordinal);
  const pod = podFromTemplate(template, set, 'apps/v1', 'StatefulSet', name);
  const labels = { ...pod.metadata?.labels, [revisionLabel]: revision, 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) };
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((t) => ({ name: t.metadata?.name ?? '', persistentVolumeClaim: { claimName: `${t.metadata?.name}-${name}` } }));
  const replaced = new Set(claims.map((c) => c.name));
  const spec = { ...pod.spec!, hostname: name, subdomain: set.spec?.serviceName || undefined, volumes: [...claims, ...(pod.spec?.volumes ?? []).filter((v) => !replaced.has(v.name))] };
  return { ...pod, metadata: { ...pod.metadata, labels }, spec };
}
