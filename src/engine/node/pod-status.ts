import type { ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from '../../kubernetes/types.generated.ts';
import type { ContainerRole } from './next-containers.ts';

export interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly containerId?: string;
}

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  readonly imageId: string;
  readonly containerId?: string;
  readonly state: { readonly type: 'waiting'; readonly reason: string; readonly message?: string } | { readonly type: 'running'; readonly startedAtMs: number } | ({ readonly type: 'terminated' } & Ended);
  /** The end before the current state. */
  readonly last?: Ended;
  readonly restartCount: number;
  readonly started: boolean;
  readonly ready: boolean;
}

export interface PodView {
  readonly pod: Pod;
  readonly containers: readonly ContainerView[];
  readonly podIp?: string;
  readonly hostIp: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** Decided and final; it may carry why. */
  readonly finished?: { readonly phase: 'Succeeded' | 'Failed'; readonly reason?: string; readonly message?: string };
  readonly terminating: boolean;
}

/** The whole status that the node writes. Conditions that others own are left out. */
export function podStatus(view: PodView): PodStatus {
  const { pod, containers, podIp, hostIp, finished } = view;
  const init = containers.filter((c) => c.role !== 'main');
  const main = containers.filter((c) => c.role === 'main');
  const phase = finished?.phase ?? phaseOf(init, main);
  return {
    observedGeneration: pod.metadata?.generation,
    phase,
    reason: finished?.reason,
    message: finished?.message,
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: podIp === undefined ? undefined : [{ ip: podIp }],
    startTime: timestamp(view.startedAtMs),
    conditions: conditions(view, init, main, phase),
    initContainerStatuses: init.length === 0 ? undefined : init.map(containerStatus),
    containerStatuses: main.map(containerStatus),
  };
}

function phaseOf(init: readonly ContainerView[], main: readonly ContainerView[]): PodStatus['phase'] {
  if (!init.every(initialized)) return 'Pending';
  return main.some((c) => c.state.type === 'waiting' && c.last === undefined) ? 'Pending' : 'Running';
}

function initialized(c: ContainerView): boolean {
  return c.role === 'sidecar' ? c.started || c.state.type === 'terminated' : c.state.type === 'terminated' && c.state.exitCode === 0;
}

function conditions({ pod, podIp, nowMs, terminating, finished }: PodView, init: readonly ContainerView[], main: readonly ContainerView[], phase: PodStatus['phase']): PodCondition[] {
  const before = new Map((pod.status?.conditions ?? []).map((c) => [c.type, c]));
  const names = (list: readonly ContainerView[]): string => `[${list.map((c) => c.name).join(' ')}]`;
  const done = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const notInitialized = init.filter((c) => !initialized(c));
  const notReady = [...init.filter((c) => c.role === 'sidecar'), ...main].filter((c) => !c.ready);
  const containersReady: Partial<PodCondition> =
    done !== undefined ? { status: 'False', reason: done } : notReady.length > 0 || terminating ? { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${names(notReady)}` } : { status: 'True' };
  const gates = (pod.spec?.readinessGates ?? []).map((g) => g.conditionType).filter((type) => before.get(type)?.status !== 'True');
  const ready: Partial<PodCondition> =
    containersReady.status === 'False' || gates.length === 0
      ? containersReady
      : { status: 'False', reason: 'ReadinessGatesNotReady', message: gates.map((g) => `corresponding condition of pod readiness gate "${g}" does not exist or is not true.`).join(' ') };
  const wanted: [string, Partial<PodCondition>][] = [
    ['PodReadyToStartContainers', { status: podIp === undefined || done !== undefined ? 'False' : 'True' }],
    ['Initialized', finished?.phase === 'Succeeded' ? { status: 'True', reason: 'PodCompleted' } : notInitialized.length === 0 ? { status: 'True' } : { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${names(notInitialized)}` }],
    ['Ready', ready],
    ['ContainersReady', containersReady],
    ['PodScheduled', { status: 'True' }],
  ];
  return wanted.map(([type, { status = 'Unknown', reason, message }]) => {
    const old = before.get(type);
    return { type, status, reason, message, observedGeneration: pod.metadata?.generation, lastProbeTime: null, lastTransitionTime: old?.status === status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : timestamp(nowMs) } as unknown as PodCondition;
  });
}

function containerStatus(c: ContainerView): ContainerStatus {
  const state: ContainerState =
    c.state.type === 'waiting' ? { waiting: { reason: c.state.reason, message: c.state.message } } : c.state.type === 'running' ? { running: { startedAt: timestamp(c.state.startedAtMs) } } : { terminated: terminated(c.state) };
  return {
    name: c.name,
    image: c.image,
    imageID: c.imageId,
    containerID: c.containerId,
    state,
    lastState: c.last === undefined ? {} : { terminated: terminated(c.last) },
    restartCount: c.restartCount,
    ready: c.ready,
    started: c.started,
  };
}

function terminated(e: Ended): NonNullable<ContainerState['terminated']> {
  return { exitCode: e.exitCode, reason: e.reason, message: e.message, startedAt: timestamp(e.startedAtMs), finishedAt: timestamp(e.finishedAtMs), containerID: e.containerId };
}

/** RFC 3339 with seconds, as metav1.Time is written. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
