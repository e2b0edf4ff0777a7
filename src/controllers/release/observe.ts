import { compareAge } from '../../api/age.ts';
import type { Build, BuildGroup } from '../../api/build/build.ts';
import { Applications, Builds, Deliveries, ReleasePolicies, Releases, Routers } from '../../api/kinds.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import { LABELS } from '../../api/group.ts';
import { routerName } from '../../api/names.ts';
import { Deployments, EndpointSlices, Jobs } from '../../client/kinds.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { GroupMember } from './group.ts';
import type { Observed } from './observed.ts';
import { isMoving, isQueued, placesOf } from './places.ts';

/** Index of objects by `namespace/application`, shared by every controller that reads them so. */
export const BY_APPLICATION = 'release/application';

const byLabel = (object: KubernetesObject): string[] => {
  const application = object.metadata?.labels?.[LABELS.application];
  return application === undefined ? [] : [`${object.metadata?.namespace}/${application}`];
};
const bySpec = (object: KubernetesObject & { spec: { application: string } }): string[] => [`${object.metadata?.namespace}/${object.spec.application}`];

const BY_GROUP = 'release/group';
export const BY_MOTION = 'release/motion';
const MOVING = 'moving';
const QUEUED = 'queued';
export const UNENDED = 'unended';

const byGroup = (build: Build): string[] => (build.spec.group === undefined ? [] : [`${build.metadata?.namespace}/${build.spec.group.name}`]);
const byMotion = (release: Release): string[] => [...(isMoving(release) ? [MOVING] : []), ...(isQueued(release) ? [QUEUED] : []), ...(hasEnded(release) ? [] : [UNENDED])];

export function indexApplications({ informer }: ControllerContext): void {
  informer(Builds).addIndex(BY_APPLICATION, bySpec);
  informer(Builds).addIndex(BY_GROUP, byGroup);
  informer(Releases).addIndex(BY_APPLICATION, bySpec);
  informer(Releases).addIndex(BY_MOTION, byMotion);
  for (const kind of [Deployments, Jobs, EndpointSlices]) informer<KubernetesObject>(kind as never).addIndex(BY_APPLICATION, byLabel);
}

/** All that a decision about one Application needs, from the informers' copies. Undefined: the Application is gone. */
export function observe({ informer, clock }: ControllerContext, key: ObjectKey, verdicts: Observed['verdicts']): Observed | undefined {
  const application = informer(Applications).get(key);
  if (application === undefined) return undefined;
  const index = `${key.namespace}/${key.name}`;
  const builds = informer(Builds).byIndex(BY_APPLICATION, index);
  const delivery = informer(Deliveries).get(key);
  const router = informer(Routers).get({ ...key, name: routerName(key.name) });
  return {
    application,
    builds,
    releases: informer(Releases).byIndex(BY_APPLICATION, index),
    ...(delivery && { delivery }),
    ...(router && { router }),
    deployments: informer(Deployments).byIndex(BY_APPLICATION, index),
    jobs: informer(Jobs).byIndex(BY_APPLICATION, index),
    slices: informer(EndpointSlices).byIndex(BY_APPLICATION, index),
    groups: new Map([...new Set(builds.flatMap((b) => b.spec.group ?? []))].map((group) => [group.name, membersOf(informer, key, group)])),
    places: placesOf(key.namespace ?? '', informer(ReleasePolicies).list(), informer(Releases).byIndex(BY_MOTION, MOVING), informer(Releases).byIndex(BY_MOTION, QUEUED), (release) => groupOf(informer, release)?.name),
    verdicts,
    now: clock.now(),
  };
}

function membersOf(informer: ControllerContext['informer'], { namespace, name }: ObjectKey, group: BuildGroup): GroupMember[] {
  const builds = informer(Builds).byIndex(BY_GROUP, `${namespace}/${group.name}`).toSorted(compareAge);
  return group.applications.filter((application) => application !== name).map((application) => {
    const build = builds.findLast((b) => b.spec.application === application);
    const releases = informer(Releases).byIndex(BY_APPLICATION, `${namespace}/${application}`).filter((r) => r.spec.build === build?.metadata?.name && r.spec.type !== 'rollback');
    const release = releases.toSorted(compareAge).at(-1);
    const tracks = informer(Applications).get({ namespace, name: application })?.spec.tracks.map((t) => t.name) ?? [];
    return { application, tracks, ...(build?.spec.group && { group: build.spec.group }), ...(release && { release }) };
  });
}

export function groupOf(informer: ControllerContext['informer'], { metadata, spec }: Release): BuildGroup | undefined {
  return informer(Builds).get({ namespace: metadata?.namespace, name: spec.build })?.spec.group;
}
