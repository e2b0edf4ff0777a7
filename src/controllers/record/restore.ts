import { configReferences } from '../../api/build/config.ts';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { Applications, Builds, Deliveries, Releases } from '../../api/kinds.ts';
import { API_VERSION } from '../../api/group.ts';
import { configCopyName } from '../../api/names.ts';
import type { Release } from '../../api/release/release.ts';
import { Namespaces, Secrets } from '../../client/kinds.ts';
import { keyOf, type KubernetesObject, type ObjectKey, type Resource } from '../../client/resource.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../client/status-error.ts';
import { pause } from '../../runtime/backoff.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { APPLICATION_FILE, BUILDS, readDelivery, readYaml, RELEASES } from './files.ts';

type Files = ReadonlyMap<string, string>;

export type Restoration =
  /** It is there, or the record has none. */
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'restored' }
  | { readonly outcome: 'waits'; readonly reason: 'SecretMissing' | 'NamespaceMissing' | 'Unreadable' | 'CommitRefused'; readonly message: string };

const SEEN_WITHIN_MS = 10_000;

/**
 * Brings back an Application that the record holds and the cluster does not: a cluster that was built anew in mid-release comes to the same
 * versions, sizes and shares, and its release goes on. An Application that a person deleted is not in the record any more, so it stays deleted.
 * What git must not hold comes first: pods that lack their Secrets would fail the release that is to go on.
 */
export async function restoreApplication(context: ControllerContext, files: Files, key: ObjectKey): Promise<Restoration> {
  const { namespace = '', name } = key;
  if (files.size === 0 || (await exists(context, Applications, key))) return { outcome: 'nothing' };
  const application = readYaml(files.get(APPLICATION_FILE)) as Application | undefined;
  if (application?.spec?.template === undefined) return { outcome: 'waits', reason: 'Unreadable', message: `${APPLICATION_FILE} of ${namespace}/${name} in the record is no Application: revert what broke it` };
  const builds = oldestFirst(objectsIn<Build>(files, BUILDS)), releases = oldestFirst(objectsIn<Release>(files, RELEASES));
  if (!(await ensureNamespace(context, namespace))) return { outcome: 'waits', reason: 'NamespaceMissing', message: `Namespace ${namespace} does not exist, and these controllers may not make it: create it` };
  const missing = await missingSecrets(context, namespace, application, builds);
  if (missing.length > 0) return { outcome: 'waits', reason: 'SecretMissing', message: `${namespace}/${name} waits for ${missing.map((s) => `Secret ${s}`).join(' and ')} in namespace ${namespace}: git holds no secrets, so create ${missing.length === 1 ? 'it' : 'them'} again` };

  context.log.info({ namespace, name }, 'Application comes back from the record');
  await createInOrder(context, Builds, builds);
  await createInOrder(context, Releases, releases);
  for (const { metadata, status } of releases) {
    if (status === undefined || metadata?.name === undefined) continue;
    const live = await context.client.get(Releases, { namespace, name: metadata.name });
    if (live.status?.phase === undefined) await context.client.updateStatus(Releases, { ...live, status });
  }
  const spec = readDelivery(files);
  if (spec !== undefined) {
    const delivery: Delivery = { apiVersion: API_VERSION, kind: 'Delivery', metadata: { namespace, name }, spec: { ...spec, change: { actor: 'aweigh', reason: 'Restore', message: 'restored from the record' } } };
    await createMissing(context, Deliveries, delivery);
  }
  // Whoever sees the Application is to see all that belongs to it: else its Builds would be released anew.
  await seen(context, [...builds.map((b) => [Builds as Resource, b] as const), ...releases.map((r) => [Releases as Resource, r] as const), ...(spec === undefined ? [] : [[Deliveries as Resource, { metadata: { namespace, name } }] as const])]);
  const restored = await createMissing(context, Applications, application);
  if (restored !== undefined) await own(context, restored, [...releases.map((r) => [Releases as Resource, keyOf(r)] as const), ...(spec === undefined ? [] : [[Deliveries as Resource, key] as const])]);
  return { outcome: 'restored' };
}

const objectsIn = <T extends KubernetesObject>(files: Files, folder: string): T[] => [...files].filter(([path]) => path.startsWith(folder)).flatMap(([, content]) => (readYaml(content) as T | undefined) ?? []);

const byNumber = new Intl.Collator('en', { numeric: true });
const created = (object: KubernetesObject): string => object.metadata?.creationTimestamp ?? '';
const oldestFirst = <T extends KubernetesObject>(objects: T[]): T[] => objects.toSorted((a, b) => created(a).localeCompare(created(b)) || byNumber.compare(a.metadata?.name ?? '', b.metadata?.name ?? ''));

function secretsOf({ metadata, spec }: Application): string[] {
  const named = configReferences({ metadata: metadata ?? {}, spec }).filter((r) => r.kind === 'Secret' && !r.optional).map((r) => r.name);
  return [...named, ...(spec.template.spec?.imagePullSecrets ?? []).flatMap((s) => s.name ?? [])];
}

/** A Build reads an unchangeable copy of a Secret, which is made of the Secret itself where that is there. */
async function missingSecrets(context: ControllerContext, namespace: string, application: Application, builds: readonly Build[]): Promise<string[]> {
  const copies = new Map(builds.flatMap((b) => b.spec.config?.secrets ?? []).map((s) => [configCopyName(s.name, s.digest), s.name]));
  const missing = new Set<string>();
  for (const name of new Set(secretsOf(application))) if (!(await exists(context, Secrets, { namespace, name }))) missing.add(name);
  for (const [copy, name] of copies) if (!(await exists(context, Secrets, { namespace, name: copy })) && !(await exists(context, Secrets, { namespace, name }))) missing.add(name);
  return [...missing].sort();
}

async function exists<T extends KubernetesObject>(context: ControllerContext, resource: Resource<T>, key: ObjectKey): Promise<boolean> {
  try {
    await context.client.get(resource, key);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function ensureNamespace(context: ControllerContext, name: string): Promise<boolean> {
  if (await exists(context, Namespaces, { name })) return true;
  try {
    await createMissing(context, Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'Forbidden') return false;
    throw error;
  }
}

/** Age orders Builds and Releases, and the API dates them anew by the second: names that would sort the wrong way wait for the next one. */
async function createInOrder<T extends KubernetesObject>(context: ControllerContext, resource: Resource<T>, objects: readonly T[]): Promise<void> {
  let previous: T | undefined;
  for (const object of objects) {
    if (previous !== undefined && byNumber.compare(previous.metadata?.name ?? '', object.metadata?.name ?? '') > 0) await pause(context.clock, 1_000, context.signal);
    await createMissing(context, resource, object);
    previous = object;
  }
}

async function createMissing<T extends KubernetesObject>(context: ControllerContext, resource: Resource<T>, object: T): Promise<T | undefined> {
  try {
    const { creationTimestamp: _, ...metadata } = object.metadata ?? {};
    return await context.client.create(resource, { ...object, metadata });
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}

async function seen(context: ControllerContext, objects: readonly (readonly [Resource, KubernetesObject])[]): Promise<void> {
  const until = context.clock.now() + SEEN_WITHIN_MS;
  while (!context.signal.aborted && objects.some(([resource, object]) => context.informer(resource).get(keyOf(object)) === undefined)) {
    if (context.clock.now() > until) throw new Error('What was restored is not seen yet; it is looked at again');
    await pause(context.clock, 20, context.signal);
  }
}

/** What goes with the Application when that is deleted. */
async function own(context: ControllerContext, application: Application, objects: readonly (readonly [Resource, ObjectKey])[]): Promise<void> {
  const owner = { apiVersion: API_VERSION, kind: 'Application', name: application.metadata?.name ?? '', uid: application.metadata?.uid ?? '', blockOwnerDeletion: true };
  for (const [resource, key] of objects) await context.client.patch(resource, key, { metadata: { ownerReferences: [{ ...owner, controller: resource.kind === 'Delivery' }] } });
}
