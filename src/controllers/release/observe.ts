import { Applications, Builds, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import { LABELS } from '../../api/group.ts';
import { routerName } from '../../api/names.ts';
import { Deployments, EndpointSlices, Jobs } from '../../client/kinds.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { Observed } from './observed.ts';

/** Index of objects by `namespace/application`, shared by every controller that reads them so. */
export const BY_APPLICATION = 'release/application';

const byLabel = (object: KubernetesObject): string[] => {
  const application = object.metadata?.labels?.[LABELS.application];
  return application === undefined ? [] : [`${object.metadata?.namespace}/${application}`];
};
const bySpec = (object: KubernetesObject & { spec: { application: string } }): string[] => [`${object.metadata?.namespace}/${object.spec.application}`];

export function indexApplications({ informer }: ControllerContext): void {
  informer(Builds).addIndex(BY_APPLICATION, bySpec);
  informer(Releases).addIndex(BY_APPLICATION, bySpec);
  for (const kind of [Deployments, Jobs, EndpointSlices]) informer<KubernetesObject>(kind as never).addIndex(BY_APPLICATION, byLabel);
}

/** All that a decision about one Application needs, from the informers' copies. Undefined: the Application is gone. */
export function observe({ informer, clock }: ControllerContext, key: ObjectKey, verdicts: Observed['verdicts']): Observed | undefined {
  const application = informer(Applications).get(key);
  if (application === undefined) return undefined;
  const index = `${key.namespace}/${key.name}`;
  const delivery = informer(Deliveries).get(key);
  const router = informer(Routers).get({ ...key, name: routerName(key.name) });
  return {
    application,
    builds: informer(Builds).byIndex(BY_APPLICATION, index),
    releases: informer(Releases).byIndex(BY_APPLICATION, index),
    ...(delivery && { delivery }),
    ...(router && { router }),
    deployments: informer(Deployments).byIndex(BY_APPLICATION, index),
    jobs: informer(Jobs).byIndex(BY_APPLICATION, index),
    slices: informer(EndpointSlices).byIndex(BY_APPLICATION, index),
    verdicts,
    now: clock.now(),
  };
}
