import type { CronJob, DaemonSet, Deployment, HorizontalPodAutoscaler, Job, PodDisruptionBudget, ReplicaSet, ReplicationController, StatefulSet } from '../../../kubernetes/types.generated.ts';
import { ageOf, humanDuration } from './age.ts';
import { age, containerNames, images, labelsText, nameOf, selectorText } from './cells.ts';
import type { Cell } from './table.ts';

export function deploymentRow(d: Deployment, nowMs: number): Cell[] {
  const { spec, status = {} } = d;
  const containers = spec?.template?.spec?.containers;
  return [nameOf(d), `${status.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, String(status.updatedReplicas ?? 0), String(status.availableReplicas ?? 0), age(d, nowMs), containerNames(containers), images(containers), selectorText(spec?.selector)];
}

export function replicaSetRow(r: ReplicaSet, nowMs: number): Cell[] {
  const containers = r.spec?.template?.spec?.containers;
  return [nameOf(r), r.spec?.replicas ?? 0, r.status?.replicas ?? 0, r.status?.readyReplicas ?? 0, age(r, nowMs), containerNames(containers), images(containers), selectorText(r.spec?.selector)];
}

export function replicationControllerRow(r: ReplicationController, nowMs: number): Cell[] {
  const containers = r.spec?.template?.spec?.containers;
  return [nameOf(r), r.spec?.replicas ?? 0, r.status?.replicas ?? 0, r.status?.readyReplicas ?? 0, age(r, nowMs), containerNames(containers), images(containers), labelsText(r.spec?.selector)];
}

export function statefulSetRow(s: StatefulSet, nowMs: number): Cell[] {
  const containers = s.spec?.template?.spec?.containers;
  return [nameOf(s), `${s.status?.readyReplicas ?? 0}/${s.spec?.replicas ?? 0}`, age(s, nowMs), containerNames(containers), images(containers)];
}

export function daemonSetRow(d: DaemonSet, nowMs: number): Cell[] {
  const { status, spec } = d;
  const pod = spec?.template?.spec;
  return [
    nameOf(d), status?.desiredNumberScheduled ?? 0, status?.currentNumberScheduled ?? 0, status?.numberReady ?? 0, status?.updatedNumberScheduled ?? 0, status?.numberAvailable ?? 0,
    labelsText(pod?.nodeSelector), age(d, nowMs), containerNames(pod?.containers), images(pod?.containers), selectorText(spec?.selector),
  ];
}

export function jobRow(j: Job, nowMs: number): Cell[] {
  const { spec, status } = j;
  const containers = spec?.template?.spec?.containers;
  const succeeded = status?.succeeded ?? 0;
  const wanted = spec?.completions ?? ((spec?.parallelism ?? 1) > 1 ? `1 of ${spec?.parallelism}` : 1);
  const duration = status?.startTime === undefined ? '' : humanDuration((status.completionTime === undefined ? nowMs : Date.parse(status.completionTime)) - Date.parse(status.startTime));
  return [nameOf(j), jobStatus(j), `${succeeded}/${wanted}`, duration, age(j, nowMs), containerNames(containers), images(containers), selectorText(spec?.selector)];
}

function jobStatus({ metadata, status }: Job): string {
  const has = (type: string): boolean => status?.conditions?.some((c) => c.type === type && c.status === 'True') === true;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

export function cronJobRow(c: CronJob, nowMs: number): Cell[] {
  const { spec, status } = c;
  const containers = spec?.jobTemplate?.spec?.template?.spec?.containers;
  const last = status?.lastScheduleTime;
  return [nameOf(c), spec?.schedule ?? '', spec?.timeZone ?? '<none>', spec?.suspend ?? false, (status?.active ?? []).length, last === undefined ? '<none>' : ageOf(last, nowMs), age(c, nowMs), containerNames(containers), images(containers), '<none>'];
}

export function autoscalerRow(h: HorizontalPodAutoscaler, nowMs: number): Cell[] {
  const { spec, status } = h;
  const targets = (spec?.metrics ?? []).map((m, i) => {
    const current = status?.currentMetrics?.[i]?.resource?.current;
    const target = m.resource?.target ?? m.pods?.target ?? m.object?.target ?? m.external?.target;
    const shown = target?.averageUtilization !== undefined ? [current?.averageUtilization === undefined ? '<unknown>' : `${current.averageUtilization}%`, `${target.averageUtilization}%`] : [current?.averageValue ?? '<unknown>', target?.averageValue ?? target?.value ?? ''];
    return `${m.resource?.name === undefined ? '' : `${m.resource.name}: `}${shown.join('/')}`;
  });
  return [nameOf(h), `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`, targets.length === 0 ? '<unknown>' : targets.join(', '), spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas), String(spec?.maxReplicas ?? 0), String(status?.currentReplicas ?? 0), age(h, nowMs)];
}

export function budgetRow(b: PodDisruptionBudget, nowMs: number): Cell[] {
  return [nameOf(b), String(b.spec?.minAvailable ?? 'N/A'), String(b.spec?.maxUnavailable ?? 'N/A'), b.status?.disruptionsAllowed ?? 0, age(b, nowMs)];
}
