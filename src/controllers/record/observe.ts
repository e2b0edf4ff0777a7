import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { Applications, Builds, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import type { Release } from '../../api/release/release.ts';
import { LABELS } from '../../api/group.ts';
import { ConfigMaps, Deployments, HorizontalPodAutoscalers, PodDisruptionBudgets, Services } from '../../client/kinds.ts';
import type { KubernetesObject, ObjectKey, Resource } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { directoryOf, type RecordCommit, type Repository } from './repository.ts';

/** The kinds that a spec of the record can have. */
export const SPEC_RESOURCES: readonly Resource[] = [Services, ConfigMaps, Deployments, HorizontalPodAutoscalers, PodDisruptionBudgets, Routers] as readonly Resource[];
const BY_APPLICATION = 'application';
const BY_SPEC = 'record/application';

export interface Observed {
  readonly application: Application;
  readonly delivery: Delivery | undefined;
  readonly builds: ReadonlyMap<string, Build>;
  readonly releases: readonly Release[];
  /** Live objects that carry the Application's label, by `Kind/name`. */
  readonly live: ReadonlyMap<string, KubernetesObject>;
  /** Since Aweigh's own last commit to the folder, newest first. */
  readonly commitsByPeople: readonly RecordCommit[];
}

export function indexSpecs(context: ControllerContext): void {
  for (const resource of SPEC_RESOURCES) context.informer(resource).addIndex(BY_APPLICATION, applicationOf);
  context.informer(Builds).addIndex(BY_SPEC, applicationOfSpec);
  context.informer(Releases).addIndex(BY_SPEC, applicationOfSpec);
}

function applicationOf(object: KubernetesObject): readonly string[] {
  const { namespace = '', labels } = object.metadata ?? {};
  const application = labels?.[LABELS.application];
  return application === undefined || labels?.['app.kubernetes.io/managed-by'] !== 'aweigh' ? [] : [`${namespace}/${application}`];
}

const applicationOfSpec = (object: Build | Release): readonly string[] => [`${object.metadata?.namespace}/${object.spec.application}`];

/** Everything that one decision needs; undefined when the Application is gone. */
export async function observe(context: ControllerContext, repository: Repository, key: ObjectKey): Promise<Observed | undefined> {
  const application = context.informer(Applications).get(key);
  if (application === undefined) return undefined;
  const namespace = key.namespace ?? '';
  const live = new Map<string, KubernetesObject>();
  for (const resource of SPEC_RESOURCES) {
    for (const object of context.informer(resource).byIndex(BY_APPLICATION, `${namespace}/${key.name}`)) live.set(`${resource.kind}/${object.metadata?.name}`, object);
  }
  const of = `${namespace}/${key.name}`;
  const builds = new Map(context.informer(Builds).byIndex(BY_SPEC, of).map((b) => [b.metadata?.name ?? '', b]));
  const releases = context.informer(Releases).byIndex(BY_SPEC, of);
  return { application, delivery: context.informer(Deliveries).get(key), builds, releases, live, commitsByPeople: await repository.commitsByPeople(directoryOf(namespace, key.name)) };
}
