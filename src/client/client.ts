import type { RequestPriority } from './request-lanes.ts';
import type { KubernetesObject, ObjectKey, Resource } from './resource.ts';

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continueToken?: string;
  readonly resourceVersion?: string;
}

export interface List<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continueToken?: string;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Events after this revision. */
  readonly resourceVersion: string;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Where requests wait for each other. */
  readonly priority?: RequestPriority;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields that other managers own. Default true, as controllers do. */
  readonly force?: boolean;
  readonly subresource?: string;
}

export interface PatchOptions extends WriteOptions {
  /** Default `merge`. */
  readonly type?: 'merge' | 'json' | 'strategic';
  readonly subresource?: string;
}

export interface DeleteOptions extends WriteOptions {
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Any Kubernetes API. Every method fails with a {@link StatusError}; a lost connection has reason `ConnectionLost` and code 0. */
export interface Client {
  get<T extends KubernetesObject>(r: Resource<T>, key: ObjectKey, options?: { readonly signal?: AbortSignal }): Promise<T>;
  list<T extends KubernetesObject>(r: Resource<T>, options?: ListOptions): Promise<List<T>>;
  /** Ends without error when the server closes the watch.
   *  @throws {StatusError} reason `Expired` when the revision is older than the history kept */
  watch<T extends KubernetesObject>(r: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(r: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Guarded by the object's resourceVersion where it has one. */
  update<T extends KubernetesObject>(r: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  updateStatus<T extends KubernetesObject>(r: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(r: Resource<T>, key: ObjectKey, patch: unknown, options?: PatchOptions): Promise<T>;
  /** Server-side apply. `object` names apiVersion, kind, metadata.name and the fields that the manager owns. */
  apply<T extends KubernetesObject>(r: Resource<T>, object: T, options: ApplyOptions & { readonly fieldManager: string }): Promise<T>;
  delete(r: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Creates a subresource, such as `pods/binding`. */
  createSubresource(r: Resource, key: ObjectKey, subresource: string, body: unknown, options?: WriteOptions): Promise<unknown>;
  /** One request as it is, for paths that have no object (`/version`, `/readyz`, discovery, `pods/log`). */
  raw(method: string, path: string, options?: { readonly body?: string; readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal }): Promise<RawResponse>;
  /** Streams a GET body chunk by chunk, as `pods/log?follow=true` gives it. */
  stream(path: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<Buffer>;
  close(): void;
}
