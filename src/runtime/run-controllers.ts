import type { Client } from '../client/client.ts';
import { keyString, parseKey, type KubernetesObject, type ObjectKey, type Resource } from '../client/resource.ts';
import { isConflict, StatusError } from '../client/status-error.ts';
import { backoffMs, pause } from './backoff.ts';
import type { Clock, Random } from './clock.ts';
import type { Controller, ControllerContext, ControllerFactory } from './controller.ts';
import type { Informer } from './informer.ts';
import type { Logger } from './logger.ts';
import { startReflector } from './reflector.ts';
import { WorkQueue } from './work-queue.ts';

export interface RunControllersOptions {
  readonly factories: readonly ControllerFactory[];
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Informers that the process shares beyond these controllers. Default: a set of their own. */
  readonly informer?: ControllerContext['informer'];
}

const defaultWorkers = 4;
/** For as many workers there is one more that takes only what is urgent. */
const WORKERS_FOR_EACH_URGENT = 4;

/** The informers of a process: one a kind and selector, started on first use, ended by the signal. */
export function sharedInformers(options: Omit<RunControllersOptions, 'factories'>): ControllerContext['informer'] {
  const informers = new Map<string, Informer<KubernetesObject>>();
  return <T extends KubernetesObject>(r: Resource<T>, labelSelector?: string): Informer<T> => {
    const id = `${r.group}/${r.version}/${r.plural}?${labelSelector ?? ''}`;
    let informer = informers.get(id);
    if (informer === undefined) {
      informer = startReflector(r as Resource, { ...options, ...(labelSelector !== undefined && { labelSelector }) });
      informers.set(id, informer);
    }
    return informer as unknown as Informer<T>;
  };
}

/** Runs controllers until the signal aborts; resolves when the last reconcile has ended. */
export async function runControllers(options: RunControllersOptions): Promise<void> {
  const informer = options.informer ?? sharedInformers(options);
  await Promise.all(
    options.factories.map(async (factory) => {
      const controller = factory({ client: options.client, clock: options.clock, random: options.random, log: options.log, signal: options.signal, informer });
      await runController(controller, { ...options, informer });
    }),
  );
}

async function runController(controller: Controller, options: RunControllersOptions & { readonly informer: ControllerContext['informer'] }): Promise<void> {
  const { signal } = options;
  const log = options.log.child({ controller: controller.name });
  const queue = new WorkQueue({ ...options, name: controller.name, isUrgent: (key) => controller.isUrgent?.(parseKey(key)) ?? false });
  let started = false;
  const stops = controller.sources.map((source) => {
    const enqueue = (object: KubernetesObject | undefined): void => {
      if (object === undefined) return;
      // What was there before this process goes behind what changes now: a new release must not wait for a look at a thousand others.
      for (const key of source.map(object)) {
        if (started) queue.add(keyString(key));
        else queue.addLater(keyString(key));
      }
    };
    const informer = options.informer(source.resource, source.labelSelector);
    for (const object of informer.list()) enqueue(object);
    return informer.onChange(({ previous, current }) => {
      // The previous owner of a moved label or reference has to look again too.
      enqueue(previous);
      enqueue(current);
    });
  });
  const stopped = aborted(signal);
  await Promise.race([stopped, Promise.all(controller.sources.map((s) => options.informer(s.resource, s.labelSelector).synced))]);
  started = true;

  if (!signal.aborted) await startController(controller, (key) => queue.add(keyString(key)), options);
  const work = async (only?: 'urgent'): Promise<void> => {
    for (let key = await queue.take(only); key !== undefined; key = await queue.take(only)) {
      await reconcileOnce(controller, queue, key, log, signal);
      queue.done(key);
    }
  };
  const { workers: count = defaultWorkers } = controller;
  const urgent = controller.isUrgent === undefined ? 0 : Math.ceil(count / WORKERS_FOR_EACH_URGENT);
  const workers = signal.aborted ? [] : Array.from({ length: count + urgent }, (_, i) => work(i < count ? undefined : 'urgent'));
  await stopped;
  for (const stop of stops) stop();
  queue.close();
  await Promise.all(workers);
}

/** Tries until it succeeds: nothing is reconciled before a controller has started. */
async function startController(controller: Controller, enqueue: (key: ObjectKey) => void, options: RunControllersOptions): Promise<void> {
  const { clock, log, random, signal } = options;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await controller.start?.(enqueue, signal);
      return;
    } catch (e) {
      log.warn({ controller: controller.name, failures, error: e instanceof Error ? e.message : String(e) }, 'Controller did not start; trying again');
      await pause(clock, backoffMs(failures, { baseMs: 100, maxMs: 10_000 }, random), signal);
    }
  }
}

async function reconcileOnce(controller: Controller, queue: WorkQueue, key: string, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    const { requeueAfterMs } = await controller.reconcile(parseKey(key), signal);
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
  } catch (e) {
    if (signal.aborted) return;
    // A conflict means that the informer is behind; the newer object is on its way.
    const expected = isConflict(e) || (e instanceof StatusError && e.reason === 'ConnectionLost');
    const fields = { ...parseKey(key), failures: queue.failuresOf(key) + 1, reason: e instanceof StatusError ? e.reason : 'Error', error: e instanceof Error ? e.message : String(e) };
    if (expected) log.debug(fields, 'Reconcile will be tried again');
    else if (e instanceof StatusError) log.warn(fields, 'Reconcile failed; trying again');
    else log.error({ ...fields, stack: e instanceof Error ? e.stack : undefined }, 'Reconcile failed; trying again');
    queue.addRateLimited(key);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
