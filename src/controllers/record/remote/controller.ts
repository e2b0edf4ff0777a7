import { RecordRepositories } from '../../../api/kinds.ts';
import { RECORD_REPOSITORY } from '../../../api/record-repository/record-repository.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import { backoffMs } from '../../../runtime/backoff.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory, type ReconcileResult } from '../../../runtime/controller.ts';
import { createEventRecorder } from '../../../runtime/event-recorder.ts';
import type { Repository } from '../repository.ts';
import { applyRemote, ensureSettings } from './apply.ts';
import { observeRemote, type ObservedRemote } from './observe.ts';
import { reconcileRemote, type Attempt } from './reconcile.ts';

const BACKOFF = { baseMs: 2_000, maxMs: 60_000 };
/** Commits come in bursts: each exchange carries all that waited for it. */
const BETWEEN_MS = 500;
const POLL_SECONDS = 30;

/** Keeps the remote of the record up to date, and takes in what people push there. Nothing waits for it: releases go on while it is away. */
export function recordRemoteController(repository: Repository): ControllerFactory {
  return (context) => {
    const events = createEventRecorder(context, 'aweigh-record');
    const exchanges = new Exchanges(context, repository);
    return {
      name: 'record-remote',
      workers: 1,
      sources: [source(RecordRepositories, (settings) => [{ name: settings.metadata?.name ?? RECORD_REPOSITORY }])],
      reconcile: async (key, signal): Promise<ReconcileResult> => {
        const observed = await observeRemote(context, key);
        if (observed === undefined) return {};
        const { attempt, againAfterMs } = await exchanges.attempt(observed, signal);
        if (attempt !== undefined) await applyRemote(context, events, observed.settings, reconcileRemote(observed.settings, attempt, context.clock.now()));
        return againAfterMs === undefined ? {} : { requeueAfterMs: againAfterMs };
      },
      start: async (enqueue, signal) => {
        const stop = repository.onCommitted(() => enqueue({ name: RECORD_REPOSITORY } satisfies ObjectKey));
        signal.addEventListener('abort', stop, { once: true });
        await ensureSettings(context);
      },
    } satisfies Controller;
  };
}

/** When the remote may be asked again: what it knows only spares work. */
class Exchanges {
  readonly #context: ControllerContext;
  readonly #repository: Repository;
  #failures = 0;
  #notBefore = 0;
  #generation: number | undefined;

  constructor(context: ControllerContext, repository: Repository) {
    this.#context = context;
    this.#repository = repository;
  }

  /** No attempt: the last one is too new. */
  async attempt({ settings, remote, fault }: ObservedRemote, signal: AbortSignal): Promise<{ attempt?: Attempt; againAfterMs?: number }> {
    const { clock, random } = this.#context;
    const changed = settings.metadata?.generation !== this.#generation;
    this.#generation = settings.metadata?.generation;
    if (!changed && clock.now() < this.#notBefore) return { againAfterMs: this.#notBefore - clock.now() };
    if (fault !== undefined) return this.#failed({ outcome: 'fault', ...fault });
    if (remote === undefined) return { attempt: { outcome: 'none' } };
    const exchange = await this.#repository.exchange(remote, signal);
    if (signal.aborted) return {};
    if (exchange.outcome === 'failed') return this.#failed(exchange);
    this.#failures = 0;
    this.#notBefore = clock.now() + BETWEEN_MS;
    // Not all at the same instant where many installations ask one server.
    return { attempt: exchange, againAfterMs: (settings.spec.remote?.pollSeconds ?? POLL_SECONDS) * (900 + 200 * random.next()) };
  }

  #failed(attempt: Attempt): { attempt: Attempt; againAfterMs: number } {
    const { clock, random } = this.#context;
    const againAfterMs = 500 + backoffMs(this.#failures++, BACKOFF, random);
    this.#notBefore = clock.now() + againAfterMs;
    return { attempt, againAfterMs };
  }
}
