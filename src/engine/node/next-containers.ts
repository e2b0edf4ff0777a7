import type { Container, PodSpec } from '../../kubernetes/types.generated.ts';

/** `sidecar`: an init container that always restarts. */
export type ContainerRole = 'init' | 'sidecar' | 'main';

export interface ContainerProgress {
  readonly state: 'new' | 'running' | 'ended';
  /** Passed its startup probe and postStart hook. */
  readonly started: boolean;
  readonly exitCode?: number;
  /** When it may be started (again), since the epoch. */
  readonly startAtMs: number;
}

export type PodProgress =
  | { readonly type: 'go'; readonly start: readonly string[]; /** Names that wait for their back-off. */ readonly backingOff: readonly string[]; readonly wakeAtMs?: number }
  /** Nothing more is to start; sidecars may still have to stop. */
  | { readonly type: 'finished'; readonly phase: 'Succeeded' | 'Failed' };

export function roleOf(spec: PodSpec, container: Container): ContainerRole {
  if (spec.initContainers?.includes(container) !== true) return 'main';
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

export function allContainers(spec: PodSpec): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** Which containers are to start now: init containers one after the other, each sidecar once and for good, then all main ones. */
export function nextContainers(spec: PodSpec, progress: ReadonlyMap<string, ContainerProgress>, nowMs: number): PodProgress {
  const restartPolicy = spec.restartPolicy ?? 'Always';
  const start: string[] = [];
  const backingOff: string[] = [];
  let wakeAtMs: number | undefined;
  const want = (name: string, p: ContainerProgress): void => {
    if (p.startAtMs <= nowMs) start.push(name);
    else {
      backingOff.push(name);
      wakeAtMs = Math.min(wakeAtMs ?? Infinity, p.startAtMs);
    }
  };
  const fresh: ContainerProgress = { state: 'new', started: false, startAtMs: 0 };
  const of = (name: string): ContainerProgress => progress.get(name) ?? fresh;
  const mainsBegan = spec.containers.some((c) => of(c.name).state !== 'new');
  const mayRestart = (p: ContainerProgress): boolean => restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && p.exitCode !== 0);

  const mains = spec.containers.map((c) => of(c.name));
  if (mains.every((p) => p.state === 'ended' && !mayRestart(p))) {
    return { type: 'finished', phase: mains.every((p) => p.exitCode === 0) ? 'Succeeded' : 'Failed' };
  }
  for (const container of spec.initContainers ?? []) {
    const p = of(container.name);
    if (container.restartPolicy === 'Always') {
      if (p.state !== 'running') want(container.name, p);
      if (mainsBegan || (p.state === 'running' && p.started)) continue;
      return { type: 'go', start, backingOff, wakeAtMs };
    }
    // Init containers have done their work once a main container began.
    if (mainsBegan || (p.state === 'ended' && p.exitCode === 0)) continue;
    if (p.state === 'ended' && restartPolicy === 'Never') return { type: 'finished', phase: 'Failed' };
    if (p.state !== 'running') want(container.name, p);
    return { type: 'go', start, backingOff, wakeAtMs };
  }
  for (const container of spec.containers) {
    const p = of(container.name);
    if (p.state === 'new' || (p.state === 'ended' && mayRestart(p))) want(container.name, p);
  }
  return { type: 'go', start, backingOff, wakeAtMs };
}
