import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '../../client/resource.ts';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Collection } from '../store/collection.ts';
import type { Store } from '../store/store.ts';
import type { Lookups } from './admission/admission.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import type { CertificateAuthority } from './certificates/authority.ts';
import type { KindObject, RequestUser, StrategyContext } from './kinds/strategy.ts';
import type { ResourceRegistry } from './resources/registry.ts';
import type { ServedResource } from './resources/served-resource.ts';
import type { AddressPool } from './services/address-pool.ts';

/** What request handlers share. */
export interface ApiContext {
  readonly store: Store;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly loopbackAddresses: boolean;
  readonly authority: CertificateAuthority;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly addresses: AddressPool;
  readonly lookups: Lookups;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
}

export function collectionOf(api: ApiContext, resource: ServedResource): Collection {
  return api.store.collection(resource.storage);
}

export function storeKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

let lastSecond = -1, lastTimestamp = '';

/** RFC 3339, whole seconds, UTC: the form of every timestamp in metadata. Most calls are for the same second. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastTimestamp = `${new Date(ms).toISOString().slice(0, 19)}Z`;
  }
  return lastTimestamp;
}

export function strategyContext(api: ApiContext, user: RequestUser, namespace: string | undefined): StrategyContext {
  return { now: timestamp(api.clock.now()), uid: randomUUID, user, access: api.authorizer, loopbackAddresses: api.loopbackAddresses, ...(namespace !== undefined && { namespace }) };
}

/** Reads committed objects for admission. */
export function storeLookups(store: Store, registry: ResourceRegistry): Lookups {
  const collectionOfKind = new Map<string, Collection | undefined>();
  const find = (group: string, kind: string): Collection | undefined => {
    const key = `${group}/${kind}`;
    if (!collectionOfKind.has(key)) {
      const resource = registry.findKind(group, kind);
      if (resource === undefined) return undefined;
      collectionOfKind.set(key, store.collection(resource.storage));
    }
    return collectionOfKind.get(key);
  };
  return {
    get: (group, kind, namespace, name) => {
      const collection = find(group, kind);
      return collection === undefined ? undefined : (store.head(collection, storeKey(namespace, name))?.object as KindObject | undefined);
    },
    list(group, kind, namespace) {
      const collection = find(group, kind);
      if (collection === undefined || collection.size === 0) return [];
      return [...collection.records(namespace === undefined ? '' : `${namespace}/`)].map((r) => r.object as KindObject);
    },
    isEmpty: (group, kind) => (find(group, kind)?.size ?? 0) === 0,
    equivalents: (group, version, plural) => registry.equivalents(group, version, plural),
    scopeOf: (group, kind) => {
      const resource = registry.findKind(group, kind);
      return resource === undefined ? undefined : resource.namespaced ? 'Namespaced' : 'Cluster';
    },
  };
}

export function asKind(object: KubernetesObject): KindObject {
  return object as KindObject;
}
