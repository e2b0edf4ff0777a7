import { createHash } from 'node:crypto';
import { canonicalJson, semanticEqual } from '../../../kubernetes/semantic-equal.ts';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../kubernetes/types.generated.ts';

export const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that say nothing about its template. */
const ownAnnotations = new Set(['kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, revisionHistoryAnnotation, desiredAnnotation, maxAnnotation, 'deprecated.deployment.rollback.to']);

/** The ReplicaSet of the present template: equal but for the hash label. Of several the oldest counts. */
export function findCurrent(deployment: Deployment, oldestFirst: readonly ReplicaSet[]): ReplicaSet | undefined {
  return oldestFirst.find((rs) => semanticEqual(withoutHash(rs.spec?.template), withoutHash(deployment.spec?.template)));
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels, creationTimestamp: undefined } };
}

// Letters and digits that spell no words and pass as a label.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

export function templateHash(template: PodTemplateSpec | undefined, collisionCount: number): string {
  const digest = createHash('sha256').update(canonicalJson(template)).update(String(collisionCount)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('');
}

export function revisionOf(rs: ReplicaSet | undefined): number {
  return Number(rs?.metadata?.annotations?.[revisionAnnotation] ?? 0) || 0;
}

export function copiedAnnotations(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(Object.entries(deployment.metadata?.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key)));
}

/** The annotations that the current ReplicaSet should have; a template that comes back takes the newest revision and keeps its old ones as history. */
export function currentAnnotations(deployment: Deployment, current: ReplicaSet | undefined, revision: number): Record<string, string> {
  const had = current?.metadata?.annotations ?? {};
  const before = revisionOf(current);
  const annotations: Record<string, string> = { ...had, ...copiedAnnotations(deployment), [revisionAnnotation]: String(revision) };
  if (before !== 0 && before !== revision) {
    annotations[revisionHistoryAnnotation] = [had[revisionHistoryAnnotation], String(before)].filter((s) => s !== undefined && s !== '').join(',');
  }
  return annotations;
}
