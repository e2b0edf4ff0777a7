import { Applications, Builds, Deliveries } from '../../api/kinds.ts';
import { ConfigMaps } from '../../client/kinds.ts';
import { keyOf, type KubernetesObject, type ObjectKey } from '../../client/resource.ts';
import { source, type Controller, type ControllerContext } from '../../runtime/controller.ts';
import { createEventRecorder } from '../../runtime/event-recorder.ts';
import { apply } from './apply.ts';
import { BY_CONFIG_MAP, indexConfig, observe } from './observe.ts';
import { reconcile } from './reconcile.ts';

/** Secrets are not watched, so that one that is missing is looked for. */
const LOOK_AGAIN_MS = 5_000;
const MOST_REMEMBERED = 10_000;

/** Gives every Build copies of the ConfigMaps and Secrets that its Application names. One key is one Application. */
export function configController(context: ControllerContext): Controller {
  indexConfig(context);
  const events = createEventRecorder(context, 'aweigh-config');
  const known = new Set<string>();
  const ofApplication = (object: KubernetesObject & { spec: { application: string } }): ObjectKey[] => [{ namespace: object.metadata?.namespace, name: object.spec.application }];
  return {
    name: 'config',
    sources: [
      source(Applications, (application) => [keyOf(application)]),
      source(Builds, ofApplication),
      source(Deliveries, ofApplication),
      source(ConfigMaps, ({ metadata }) => context.informer(Applications).byIndex(BY_CONFIG_MAP, `${metadata?.namespace}/${metadata?.name}`).map(keyOf)),
    ],
    async reconcile(key) {
      if (known.size > MOST_REMEMBERED) known.clear();
      const observed = await observe(context, key, known);
      if (observed === undefined) return {};
      const actions = reconcile(observed);
      await apply(context, events, actions);
      return actions.some((a) => a.type === 'wait') ? { requeueAfterMs: LOOK_AGAIN_MS } : {};
    },
  };
}
