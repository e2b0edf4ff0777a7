import { Applications, Builds, Sources } from '../../api/kinds.ts';
import type { Source } from '../../api/source/source.ts';
import { Secrets } from '../../client/kinds.ts';
import { keyString, type ObjectKey } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { source as watched, type Controller, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { apply, faultOf } from './apply.ts';
import { textOf } from './credentials.ts';
import { isAuthentic } from './hook.ts';
import { observe } from './observe.ts';
import type { BuildProvider, Hook, HookAnswer, HookReceiver, Registries, Repositories } from './ports.ts';
import { reconcile } from './reconcile.ts';

export interface SourceOptions {
  readonly repositories: Repositories;
  readonly registries: Registries;
  /** Absent: nothing is built here, and Sources that would need it say so. */
  readonly builder?: BuildProvider;
  /** Absent: Sources are polled alone. */
  readonly hooks?: HookReceiver;
}

const BACKOFF = { baseMs: 2_000, maxMs: 300_000 };
const GIT_POLL_SECONDS = 30, REGISTRY_POLL_SECONDS = 60;
/** Our own status write wakes us too. */
const SETTLED_MS = 1_000;

/** Follows branches and tags: what is new becomes a Build, what is broken is shown and goes nowhere. */
export function sourceController(options: SourceOptions): ControllerFactory {
  return (context) => {
    const follower = new Follower(context, options);
    return {
      name: 'source',
      workers: 4,
      sources: [
        watched(Sources, (s) => [keyOfSource(s)]),
        watched(Builds, () => []),
        watched(Applications, (application) => context.informer(Sources).list(application.metadata?.namespace).filter((s) => s.spec.application === application.metadata?.name && awaitsApplication(s)).map(keyOfSource)),
      ],
      reconcile: (key, signal) => follower.reconcile(key, signal),
      start: (enqueue, signal) => follower.start(enqueue, signal),
    } satisfies Controller;
  };
}

const keyOfSource = ({ metadata }: Source): ObjectKey => ({ ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }), name: metadata?.name ?? '' });
const awaitsApplication = ({ status }: Source): boolean => status?.conditions?.some((c) => c.reason === 'ApplicationMissing') ?? true;

/** When to look where: what it remembers only spares requests. */
class Follower {
  readonly #context: ControllerContext;
  readonly #options: SourceOptions;
  readonly #events;
  readonly #failures = new Map<string, number>();
  readonly #looked = new Map<string, { readonly generation: number | undefined; readonly application: boolean; readonly at: number; readonly againAt: number }>();
  readonly #called = new Set<string>();

  constructor(context: ControllerContext, options: SourceOptions) {
    this.#context = context;
    this.#options = options;
    this.#events = createEventRecorder(context, 'aweigh-source');
  }

  async start(enqueue: (key: ObjectKey) => void, signal: AbortSignal): Promise<void> {
    await this.#options.hooks?.listen(async (key, hook) => {
      const answer = await this.#hear(key, hook);
      if (answer === 'accepted') { this.#called.add(keyString(key)); enqueue(key); }
      return answer;
    }, signal);
  }

  async reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult> {
    const id = keyString(key);
    const { clock } = this.#context;
    const source = this.#context.informer(Sources).get(key);
    if (source === undefined) {
      this.#failures.delete(id);
      this.#looked.delete(id);
      this.#called.delete(id);
      return {};
    }
    const application = this.#context.informer(Applications).get({ ...key, name: source.spec.application }) !== undefined;
    const looked = this.#looked.get(id);
    const settled = looked !== undefined && looked.generation === source.metadata?.generation && looked.application === application && clock.now() < Math.max(looked.at + SETTLED_MS, looked.againAt);
    if (settled && !this.#called.has(id)) return { requeueAfterMs: Math.max(1, Math.max(looked.at + SETTLED_MS, looked.againAt) - clock.now()) };
    this.#called.delete(id);
    const againAfterMs = await this.#look(key, source, signal);
    this.#looked.set(id, { generation: source.metadata?.generation, application, at: clock.now(), againAt: clock.now() + againAfterMs });
    return { requeueAfterMs: againAfterMs };
  }

  /** Resolves to when to look again. */
  async #look(key: ObjectKey, source: Source, signal: AbortSignal): Promise<number> {
    const observed = await observe(this.#context, this.#options, key, signal);
    if (observed === undefined) return this.#pollMs(source);
    const { builder, repositories } = this.#options;
    const to = { context: this.#context, events: this.#events, repositories, builder, source: observed.source, signal };
    const { action, again } = reconcile(observed, builder !== undefined);
    try {
      await apply(action, to);
    } catch (error) {
      const ready = faultOf(error);
      if (ready === undefined || signal.aborted) throw error;
      await apply({ type: 'status', ready }, to);
      return this.#backOff(key);
    }
    if (again === 'fault') return this.#backOff(key);
    this.#failures.delete(keyString(key));
    return this.#pollMs(source);
  }

  #pollMs({ spec }: Source): number {
    const seconds = spec.git === undefined ? (spec.registry?.pollSeconds ?? REGISTRY_POLL_SECONDS) : (spec.git.pollSeconds ?? GIT_POLL_SECONDS);
    // Not all at the same instant where many Sources follow one server.
    return seconds * (900 + 200 * this.#context.random.next());
  }

  #backOff(key: ObjectKey): number {
    const id = keyString(key);
    const failures = this.#failures.get(id) ?? 0;
    this.#failures.set(id, failures + 1);
    return 500 + backoffMs(failures, BACKOFF, this.#context.random);
  }

  async #hear(key: ObjectKey, hook: Hook): Promise<HookAnswer> {
    const name = this.#context.informer(Sources).get(key)?.spec.git?.webhookSecretRef?.name;
    if (name === undefined) return 'unknown';
    try {
      const secret = textOf(await this.#context.client.get(Secrets, { ...key, name }), 'secret')?.trim();
      return secret !== undefined && isAuthentic(hook, secret) ? 'accepted' : 'unauthorized';
    } catch (error) {
      if (isNotFound(error)) return 'unauthorized';
      throw error;
    }
  }
}
