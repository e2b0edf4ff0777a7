import { pause } from '../../runtime/backoff.ts';
import type { RecoveredPod } from './runtime/runtime.ts';
import { keyOf, keyString } from '../../kubernetes/resource.ts';
import type { Pod } from '../../kubernetes/types.generated.ts';
import type { Informer } from '../../runtime/informer.ts';
import type { NodeContext } from './node-context.ts';
import { namesConfig, usesConfig } from './pod-volumes.ts';
import { PodWorker } from './pod-worker.ts';

/** Kubernetes's default: what a pod asks for stands in the API. */
const unclaimedGraceMs = 30_000;

/** One worker for each pod of these nodes. */
export class PodWorkers {
  readonly #context: NodeContext;
  readonly #nodes: ReadonlySet<string>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #uids = new Map<string, string>();
  /** What an earlier node process started and no worker has taken over yet. */
  #recovered: Promise<Map<string, RecoveredPod>> = Promise.resolve(new Map());
  #halting = false;

  constructor(context: NodeContext, nodeNames: readonly string[]) {
    this.#context = context;
    this.#nodes = new Set(nodeNames);
  }

  /** Takes over what runs already, then follows the API. Resolves when both are known. */
  async start(pods: Informer<Pod>): Promise<void> {
    const { runtime, configMaps, secrets, services, log, signal } = this.#context;
    this.#recovered = runtime.recover().then((found) => new Map(found.map((p) => [p.pod.uid, p])));
    const recovered = await this.#recovered;
    await Promise.race([Promise.all([pods.synced, configMaps.synced, secrets.synced, services.synced]), aborted(signal)]);
    if (signal.aborted || this.#halting) return;
    const take = (pod: Pod): void => {
      const uid = pod.metadata?.uid ?? '';
      if (this.#halting || !this.#nodes.has(pod.spec?.nodeName ?? '')) return;
      const worker = this.#workers.get(uid);
      if (worker !== undefined) {
        worker.update(pod);
        return;
      }
      const key = keyString(keyOf(pod));
      this.#workers.get(this.#uids.get(key) ?? '')?.abandon();
      this.#uids.set(key, uid);
      const found = recovered.get(uid);
      recovered.delete(uid);
      if (found !== undefined) log.info({ namespace: pod.metadata?.namespace, name: pod.metadata?.name, running: found.containers.filter((c) => c.exit === undefined).length }, 'Adopted a pod');
      this.#workers.set(uid, new PodWorker(this.#context, pod, found, () => this.#workers.delete(uid)));
    };
    for (const pod of pods.list()) take(pod);
    pods.onChange(({ previous, current }) => {
      if (current !== undefined) take(current);
      if (previous !== undefined && previous.metadata?.uid !== current?.metadata?.uid) this.#workers.get(previous.metadata?.uid ?? '')?.abandon();
    });
    // What nobody knows any more has no worker to stop it.
    for (const [uid, orphan] of recovered) {
      log.info({ namespace: orphan.pod.namespace, name: orphan.pod.name }, 'Removing a pod that the API no longer has');
      for (const c of orphan.containers) runtime.signal(c, 'SIGKILL');
      void Promise.all(orphan.containers.map((c) => c.ended)).then(() => runtime.removePod(uid));
    }
    const changed = (kind: 'ConfigMap' | 'Secret') => (change: { readonly previous?: { metadata?: Pod['metadata'] }; readonly current?: { metadata?: Pod['metadata'] } }) => {
      const meta = (change.current ?? change.previous)?.metadata;
      for (const worker of this.#workers.values()) {
        if (worker.pod.metadata?.namespace === meta?.namespace && (usesConfig(worker.pod, kind, meta?.name ?? '') || namesConfig(worker.pod, kind, meta?.name ?? ''))) worker.configChanged();
      }
    };
    configMaps.onChange(changed('ConfigMap'));
    secrets.onChange(changed('Secret'));
  }

  all(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return this.#workers.get(this.#uids.get(keyString({ namespace, name })) ?? '');
  }

  /** Stops all containers, those that wait to be taken over included; no pod is begun any more. */
  async halt(): Promise<void> {
    this.#halting = true;
    const { clock, runtime } = this.#context;
    const left = [...(await this.#recovered).values()].flatMap((pod) => pod.containers).filter((c) => c.exit === undefined);
    for (const container of left) runtime.signal(container, 'SIGTERM');
    await Promise.all([...this.all().map((w) => w.halt()), Promise.race([Promise.all(left.map((c) => c.ended)), pause(clock, unclaimedGraceMs)])]);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
