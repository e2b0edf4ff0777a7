import type { Application, Track, TrackAutoscaling } from '../../api/application/application.ts';
import { trackDeploymentName } from '../../api/names.ts';
import type { HorizontalPodAutoscaler, PodDisruptionBudget, TopologySpreadConstraint } from '../../kubernetes/types.generated.ts';
import { metadata, nameOf, serviceLabels } from './spec-metadata.ts';

const DEFAULT_CPU_PERCENT = 80;

/** Of the version that serves a track; one that comes or leaves has a fixed size. */
export function autoscaler(application: Application, track: Track, { maxReplicas, metrics, behavior }: TrackAutoscaling, version: string): HorizontalPodAutoscaler {
  const name = trackDeploymentName(nameOf(application), track, version);
  return {
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler',
    metadata: metadata(application, name, serviceLabels(application, track)),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: track.replicas,
      maxReplicas,
      metrics: metrics ?? [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT } } }],
      ...(behavior && { behavior }),
    },
  };
}

/** Nobody who drains a node goes below the floor, and one pod at least may always be moved. None for a single pod. */
export function disruptionBudget(application: Application, name: string, labels: Record<string, string>, selector: Record<string, string>, { replicas, floor }: { replicas: number; floor: number }): PodDisruptionBudget[] {
  if (replicas < 2) return [];
  return [{
    apiVersion: 'policy/v1', kind: 'PodDisruptionBudget',
    metadata: metadata(application, name, labels),
    // Pods that are not ready serve nobody: they are in no one's way.
    spec: { minAvailable: Math.min(floor, replicas - 1), selector: { matchLabels: selector }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  }];
}

/** Over nodes and zones as evenly as there is room. */
export function spread(selector: Record<string, string>): TopologySpreadConstraint[] {
  return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: selector } }));
}
