import { createHash } from 'node:crypto';
import type { Client } from '../../client/client.ts';
import { ControllerRevisions } from '../../client/kinds.ts';
import { keyOf, type KubernetesObject } from '../../client/resource.ts';
import { isAlreadyExists, isNotFound } from '../../client/status-error.ts';
import { controllerReference } from '../../kubernetes/owner-reference.ts';
import { canonicalJson, semanticEqual } from '../../kubernetes/semantic-equal.ts';
import type { ControllerRevision, PodTemplateSpec } from '../../kubernetes/types.generated.ts';

/** A template as a ControllerRevision keeps it: the patch that brings it back. */
export function revisionData(template: PodTemplateSpec): Record<string, unknown> {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  if (data?.spec?.template === undefined) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

/** The revision of the owner's present template among those kept; a new one, not yet written, where there is none. */
export function presentRevision(owner: KubernetesObject, kind: string, template: PodTemplateSpec, kept: readonly ControllerRevision[]): ControllerRevision {
  const newest = Math.max(0, ...kept.map((r) => r.revision));
  const equal = kept.find((r) => semanticEqual(templateOf(r), template));
  if (equal !== undefined) return equal.revision === newest ? equal : { ...equal, revision: newest + 1 };
  const hash = createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, 10);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${owner.metadata?.name}-${hash}`,
      namespace: owner.metadata?.namespace,
      labels: { ...template.metadata?.labels, 'controller.kubernetes.io/hash': hash },
      ownerReferences: [controllerReference(owner, 'apps/v1', kind)],
    },
    data: revisionData(template) as ControllerRevision['data'],
    revision: newest + 1,
  };
}

/** Writes the present revision, and removes old ones that no pod uses beyond the history limit. */
export async function writeRevisions(client: Client, present: ControllerRevision, kept: readonly ControllerRevision[], inUse: ReadonlySet<string>, limit: number): Promise<void> {
  const there = kept.find((r) => r.metadata?.name === present.metadata?.name);
  if (there === undefined) {
    await client.create(ControllerRevisions, present).catch((e: unknown) => {
      if (!isAlreadyExists(e)) throw e;
    });
  } else if (there.revision !== present.revision) await client.patch(ControllerRevisions, keyOf(there), { revision: present.revision });
  const idle = kept.filter((r) => r.metadata?.name !== present.metadata?.name && !inUse.has(r.metadata?.name ?? '')).toSorted((a, b) => a.revision - b.revision);
  for (const revision of idle.slice(0, Math.max(0, idle.length - limit))) {
    await client.delete(ControllerRevisions, keyOf(revision)).catch((e: unknown) => {
      if (!isNotFound(e)) throw e;
    });
  }
}
