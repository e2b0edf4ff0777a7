import type { AdmissionRequest } from './admission.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** No pod is placed on a new node before its kubelet says that it is ready. */
export function taintNewNode(request: AdmissionRequest): void {
  if (request.group !== '' || request.kind !== 'Node' || request.operation !== 'CREATE' || request.object === undefined) return;
  const taints = (request.object['spec'].taints ??= []) as { key: string; effect: string }[];
  if (!taints.some((t) => t.key === NOT_READY.key && t.effect === NOT_READY.effect)) taints.push({ ...NOT_READY });
}
