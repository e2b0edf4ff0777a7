import { resolveApplication } from '../../api/application/defaults.ts';
import { Pods } from '../../client/kinds.ts';
import { keyString, type ObjectKey } from '../../client/resource.ts';
import type { ContainerStatus, Pod } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { askedForAt, deploymentOf, readyReplicas, stallKey, type Observed, type Stall } from './observed.ts';

/** Pods that need no longer are no matter; and how often it is looked while none says why. */
const LOOK_AFTER_MS = 5_000;
const LOOK_AGAIN_MS = 15_000;
/** All pods of a Deployment are made alike. */
const PODS_SEEN = 10;
const TEXT_KEPT = 400;

const PULLS: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'ImageInspectError', 'RegistryUnavailable']);
const BEGINNINGS: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

const WAYS_OUT: Readonly<Record<Stall['kind'], string>> = {
  image: 'bring the image back and aweigh release retry, or push a build whose image is there',
  container: 'mend what it names and aweigh release retry, or push a fixed build',
  program: "look at the pods' logs, then push a fixed build",
  unready: "look at the pods' logs and at what their readiness probe asks, then push a fixed build",
  place: 'make room on the nodes, or lower replicas and requests, then aweigh release retry',
};

interface OpenStall {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Why pods do not become ready, as the first one that says anything says it; undefined while none does. */
export function stallOf(pods: readonly Pod[]): Stall | undefined {
  return pods.map((pod) => containerStall(pod) ?? placeStall(pod)).find((stall) => stall !== undefined);
}

function containerStall({ spec, status }: Pod): Stall | undefined {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state, lastState, image } of containers) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    const asked = spec?.containers.find((c) => c.name === name)?.image ?? image;
    if (PULLS.has(reason)) return stall('image', `the image ${asked} cannot be had (${reason}): ${message}`);
    const ended = state?.terminated ?? (reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined);
    if (ended !== undefined && ended.exitCode !== 0) return stall('program', `container ${name} exited with ${ended.exitCode}${ended.message === undefined ? '' : `: ${ended.message}`}`);
    if (reason !== '' && reason !== 'CrashLoopBackOff' && !BEGINNINGS.has(reason)) return stall('container', `container ${name} cannot be made (${reason}): ${message}`);
  }
  const unready = containers.find(isUnready);
  return unready === undefined ? undefined : stall('unready', `container ${unready.name} runs and is not ready`);
}

const isUnready = ({ state, ready }: ContainerStatus): boolean => state?.running !== undefined && !ready;

function placeStall({ status }: Pod): Stall | undefined {
  const scheduled = status?.conditions?.find((c) => c.type === 'PodScheduled');
  return scheduled?.status === 'False' ? stall('place', `a pod has no node (${scheduled.reason ?? 'Pending'}): ${scheduled.message ?? ''}`) : undefined;
}

function stall(kind: Stall['kind'], text: string): Stall {
  return { kind, message: text.replaceAll(/\s+/g, ' ').replace(/[:.\s]+$/, '').slice(0, TEXT_KEPT), wayOut: WAYS_OUT[kind] };
}

/** Builds that come to a track and whose pods are not all ready. Pure. */
function openStalls(observed: Observed): OpenStall[] {
  const { tracks } = resolveApplication(observed.application);
  return observed.releases.flatMap(({ spec, status }) => {
    if (status?.phase !== 'Progressing') return [];
    return (status.tracks ?? []).flatMap((entry): OpenStall[] => {
      const track = tracks.find((t) => t.name === entry.name);
      const deployment = track === undefined || entry.phase !== 'ScalingUp' ? undefined : deploymentOf(observed, track, spec.build);
      if (track === undefined || deployment === undefined || readyReplicas(observed, track, spec.build) >= (deployment.spec?.replicas ?? 1)) return [];
      const since = Math.max(Date.parse(entry.startedAt ?? '') || 0, askedForAt(observed, track, spec.build) ?? 0);
      return [{ id: stallKey(track.name, spec.build), labels: deployment.spec?.selector.matchLabels ?? {}, since }];
    });
  });
}

/** Asks the API for pods of releases that have waited for theirs a while, in the background; nobody watches the pods of a cluster for them. */
export class StalledPods {
  readonly #context: ControllerContext;
  readonly #known = new Map<string, Map<string, { readonly askedAt: number; readonly stall: Stall | undefined }>>();
  #enqueue: (key: ObjectKey) => void = () => {};

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  start(enqueue: (key: ObjectKey) => void): void {
    this.#enqueue = enqueue;
  }

  /** What is known by {@link stallKey}; asks where it is time to. Returns also when that is next. */
  collect(key: ObjectKey, observed: Observed): { readonly stalls: ReadonlyMap<string, Stall>; readonly dueAt: number } {
    const name = keyString(key);
    const open = openStalls(observed);
    if (open.length === 0) {
      this.#known.delete(name);
      return { stalls: new Map(), dueAt: Infinity };
    }
    const before = this.#known.get(name) ?? new Map<string, never>();
    const known = new Map(open.flatMap(({ id }) => { const found = before.get(id); return found === undefined ? [] : [[id, found] as const]; }));
    this.#known.set(name, known);
    let dueAt = Infinity;
    for (const { id, labels, since } of open) {
      const { askedAt = since, stall: found } = known.get(id) ?? {};
      const due = askedAt + (found === undefined ? LOOK_AFTER_MS : LOOK_AGAIN_MS);
      if (due > observed.now) { dueAt = Math.min(dueAt, due); continue; }
      known.set(id, { askedAt: observed.now, stall: found });
      dueAt = Math.min(dueAt, observed.now + LOOK_AFTER_MS);
      void this.#ask(key, id, labels);
    }
    return { stalls: new Map([...known].flatMap(([id, { stall: found }]) => (found === undefined ? [] : [[id, found]]))), dueAt };
  }

  async #ask(key: ObjectKey, id: string, labels: OpenStall['labels']): Promise<void> {
    const labelSelector = Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(',');
    const found = await this.#context.client.list(Pods, { namespace: key.namespace, labelSelector, limit: PODS_SEEN }).then(({ items }) => stallOf(items), () => undefined);
    const known = this.#known.get(keyString(key)), entry = known?.get(id);
    // What comes and goes, as the pulls and back-offs of one image, is told once.
    if (entry === undefined || found === undefined || entry.stall?.kind === found.kind) return;
    known?.set(id, { ...entry, stall: found });
    if (!this.#context.signal.aborted) this.#enqueue(key);
  }
}
