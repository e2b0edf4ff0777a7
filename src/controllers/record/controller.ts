import { Applications, Builds, Deliveries, Releases } from '../../api/kinds.ts';
import { LABELS } from '../../api/group.ts';
import { ENDED_PHASES } from '../../api/release/release.ts';
import type { Application } from '../../api/application/application.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import { isAlreadyExists } from '../../client/status-error.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory } from '../../runtime/controller.ts';
import { apply, FIELD_MANAGER } from './apply.ts';
import { readDelivery, recordFiles } from './files.ts';
import { indexSpecs, observe, SPEC_RESOURCES, type Observed } from './observe.ts';
import { reconcile, type Applied } from './reconcile.ts';
import { MissingBuildError, render } from './render.ts';
import { directoryOf, type Repository } from './repository.ts';
import { restore } from './restore.ts';
import { rollbackOf } from './revert.ts';
import type { RouterProvider, RouterRenderer } from './router-renderer.ts';

export const FINALIZER = 'aweigh.dev/record';

export interface RecordOptions {
  readonly repository: Repository;
  readonly renderers: Readonly<Record<RouterProvider, RouterRenderer>>;
  /** What `router.kind: auto` means here. */
  readonly defaultProvider: RouterProvider;
}

/** Makes the record true: each change of a Delivery is a commit first, then the cluster follows; what drifts is mended. */
export function recordController(options: RecordOptions): ControllerFactory {
  return (context) => {
    indexSpecs(context);
    const state = new RecordState(context, options);
    const own = (object: KubernetesObject): ObjectKey[] => keysOf(object.metadata?.namespace, object.metadata?.name);
    const labelled = (object: KubernetesObject): ObjectKey[] => keysOf(object.metadata?.namespace, object.metadata?.labels?.[LABELS.application]);
    return {
      name: 'record',
      workers: 8,
      sources: [
        source(Applications, own),
        source(Deliveries, own),
        source(Builds, (build) => keysOf(build.metadata?.namespace, build.spec.application)),
        ...SPEC_RESOURCES.map((resource) => source(resource, labelled)),
      ],
      reconcile: async (key) => { await state.reconcile(key); return {}; },
      start: (enqueue, signal) => state.start(enqueue, signal),
    } satisfies Controller;
  };
}

const keysOf = (namespace: string | undefined, name: string | undefined): ObjectKey[] => (name === undefined ? [] : [{ ...(namespace === undefined ? {} : { namespace }), name }]);

class RecordState {
  readonly #context: ControllerContext;
  readonly #options: RecordOptions;
  /** By Application; only what spares work: all of it can be made again from the cluster and git. */
  readonly #applied = new Map<string, Map<string, Applied>>();
  readonly #committed = new Map<string, ReadonlyMap<string, string>>();

  constructor(context: ControllerContext, options: RecordOptions) {
    this.#context = context;
    this.#options = options;
  }

  async start(enqueue: (key: ObjectKey) => void, signal: AbortSignal): Promise<void> {
    const stop = this.#options.repository.onMoved((directories) => {
      for (const directory of directories) {
        const [, namespace = '', name = ''] = directory.split('/');
        this.#committed.delete(`${namespace}/${name}`);
        enqueue({ namespace, name });
      }
    });
    signal.addEventListener('abort', stop, { once: true });
    await restore(this.#context, this.#options.repository);
  }

  async reconcile(key: ObjectKey): Promise<void> {
    const id = `${key.namespace}/${key.name}`;
    const observed = await observe(this.#context, this.#options.repository, key);
    if (observed === undefined) { this.#applied.delete(id); this.#committed.delete(id); return; }
    if (observed.application.metadata?.deletionTimestamp !== undefined) return this.#forget(observed.application, key);
    if (observed.delivery === undefined) return;
    await this.#hold(observed.application, key);
    if (await this.#followPerson(observed, key)) return;
    await this.#follow(observed, key);
  }

  async #follow(observed: Observed, key: ObjectKey): Promise<void> {
    const { application, builds, live } = observed;
    const delivery = observed.delivery;
    if (delivery === undefined) return;
    const id = `${key.namespace}/${key.name}`;
    const chosen = application.spec.router?.kind ?? 'auto';
    const provider = chosen === 'auto' ? this.#options.defaultProvider : chosen;
    const held = [...new Set(delivery.spec.tracks.flatMap((t) => t.builds.map((b) => b.build)))];
    const missing = held.find((name) => !builds.has(name));
    if (missing !== undefined) throw new MissingBuildError(missing);
    const wanted = render({ application, delivery, builds, provider, renderer: this.#options.renderers[provider] });
    const files = recordFiles(application, delivery, held.flatMap((name) => builds.get(name) ?? []), wanted);
    const applied = this.#applied.get(id) ?? new Map<string, Applied>();
    this.#applied.set(id, applied);
    const actions = reconcile({ delivery, wanted, live, applied, committed: sameFiles(await this.#head(key), files) });
    await apply(actions, { context: this.#context, repository: this.#options.repository, application, delivery, files, applied });
    if (actions.some((a) => a.type === 'commit')) this.#committed.set(id, files);
  }

  /** True: a person moved the record, and the release that it asks for goes first. */
  async #followPerson(observed: Observed, key: ObjectKey): Promise<boolean> {
    const { commitsByPeople, delivery } = observed;
    const [lastCommit] = commitsByPeople;
    if (lastCommit === undefined || delivery === undefined) return false;
    const release = rollbackOf(lastCommit, readDelivery(await this.#head(key)), delivery.spec, key.namespace ?? '');
    if (release === undefined) return false;
    const existing = this.#context.informer(Releases).get({ ...(key.namespace === undefined ? {} : { namespace: key.namespace }), name: release.metadata?.name ?? '' });
    if (existing !== undefined) {
      const ended = existing.status?.phase !== undefined && ENDED_PHASES.includes(existing.status.phase);
      return !ended && delivery.status?.observedGeneration === delivery.metadata?.generation;
    }
    try {
      await this.#context.client.create(Releases, release, { fieldManager: FIELD_MANAGER });
      this.#context.log.info({ namespace: key.namespace, name: key.name, release: release.metadata?.name, commit: lastCommit.sha }, 'Commit became a rollback');
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return true;
  }

  async #head(key: ObjectKey): Promise<ReadonlyMap<string, string>> {
    const id = `${key.namespace}/${key.name}`;
    const known = this.#committed.get(id) ?? (await this.#options.repository.read(directoryOf(key.namespace ?? '', key.name)));
    this.#committed.set(id, known);
    return known;
  }

  /** The finalizer keeps a deleted Application until the record says so too. */
  async #hold(application: Application, key: ObjectKey): Promise<void> {
    const finalizers = application.metadata?.finalizers ?? [];
    if (finalizers.includes(FINALIZER)) return;
    await this.#context.client.patch(Applications, key, { metadata: { finalizers: [...finalizers, FINALIZER], resourceVersion: application.metadata?.resourceVersion } }, { fieldManager: FIELD_MANAGER });
  }

  async #forget(application: Application, key: ObjectKey): Promise<void> {
    const finalizers = application.metadata?.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) return;
    await this.#options.repository.commit({
      directory: directoryOf(key.namespace ?? '', key.name), files: new Map(), subject: `${key.name}: removed`,
      trailers: new Map([['Reason', 'ApplicationDeleted']]), actor: 'aweigh',
    });
    await this.#context.client.patch(Applications, key, { metadata: { finalizers: finalizers.filter((f) => f !== FINALIZER), resourceVersion: application.metadata?.resourceVersion } }, { fieldManager: FIELD_MANAGER });
  }
}

function sameFiles(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...b].every(([path, content]) => a.get(path) === content);
}
