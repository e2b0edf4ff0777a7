import type { Client } from '../client/client.ts';
import type { KubernetesObject, ObjectKey, Resource } from '../client/resource.ts';
import type { Clock, Random } from './clock.ts';
import type { Informer } from './informer.ts';
import type { Logger } from './logger.ts';

/** What the composition root hands to every controller. */
export interface ControllerContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The process-wide informer of a kind: started on first use, shared by all controllers of the process.
   *  @param labelSelector only such objects are watched and held, by an informer of their own. Absent: all */
  informer<T extends KubernetesObject>(r: Resource<T>, labelSelector?: string): Informer<T>;
}

/** Absent `requeueAfterMs`: nothing to do until something changes. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

/** A kind that wakes a controller: `map` names the keys to reconcile when `object` was added, changed or deleted. */
export interface Source<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>;
  /** As of the informer. */
  readonly labelSelector?: string;
  map(object: T): readonly ObjectKey[];
}

/** A level-triggered controller: `reconcile` decides from what is, never from which event came. */
export interface Controller {
  readonly name: string;
  readonly sources: readonly Source[];
  /** Keys reconciled at the same time; one key never twice at once. Default 4. */
  readonly workers?: number;
  /** Keys that go before all others, and for which workers are kept free. Asked each time that a key is added; absent: none. */
  isUrgent?(key: ObjectKey): boolean;
  reconcile(key: ObjectKey, signal: AbortSignal): Promise<ReconcileResult>;
  /** Called once before the first key, for what is not a resource (a git branch that moved, a socket that closed); `enqueue` wakes a key. Ends with `signal`. */
  start?(enqueue: (key: ObjectKey) => void, signal: AbortSignal): Promise<void> | void;
}

export type ControllerFactory = (context: ControllerContext) => Controller;

/** Types a source without losing `T`. */
export function source<T extends KubernetesObject>(resource: Resource<T>, map: (object: T) => readonly ObjectKey[], labelSelector?: string): Source {
  return { resource, map, ...(labelSelector !== undefined && { labelSelector }) } as unknown as Source;
}
