import { controllerReference } from '../../kubernetes/owner-reference.ts';
import type { KubernetesObject } from '../../client/resource.ts';
import type { Pod, PodTemplateSpec } from '../../kubernetes/types.generated.ts';

/** A pod of a template, managed by `owner`. `name` absent: the server makes one from the owner's. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubernetesObject, ownerVersion: string, ownerKind: string, name?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: owner.metadata?.namespace,
      ...(name === undefined ? { generateName: generateNameOf(owner.metadata?.name ?? '') } : { name }),
      labels: { ...template.metadata?.labels },
      annotations: { ...template.metadata?.annotations },
      finalizers: template.metadata?.finalizers,
      ownerReferences: [controllerReference(owner, ownerVersion, ownerKind)],
    },
    spec: structuredClone(template.spec),
  } as Pod;
}

/** A pod's name is a host name of at most 63 characters, five of which the server adds. */
function generateNameOf(owner: string): string {
  return `${owner.slice(0, 57)}-`;
}
