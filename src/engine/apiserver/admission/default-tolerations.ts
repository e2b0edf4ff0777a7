import type { PodSpec, Toleration } from '../../../kubernetes/types.generated.ts';
import type { AdmissionRequest } from './admission.ts';

const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;
const SECONDS = 300;

/** A pod stays five minutes on a node that is not ready or not reachable, unless it says otherwise. */
export function defaultTolerations(request: AdmissionRequest): void {
  if (request.group !== '' || request.kind !== 'Pod' || request.subresource !== undefined || request.object === undefined) return;
  const spec = request.object['spec'] as PodSpec;
  const tolerations: Toleration[] = spec.tolerations ?? [];
  const missing = KEYS.filter((key) => !tolerations.some((t) => (t.key === key || t.key === undefined) && (t.effect === 'NoExecute' || t.effect === undefined)));
  if (missing.length === 0) return;
  spec.tolerations = [...tolerations, ...missing.map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }))];
}
