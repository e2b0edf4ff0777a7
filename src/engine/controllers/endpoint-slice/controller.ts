import { Endpoints, EndpointSlices, Pods, Services } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { selectsAll } from '../../../kubernetes/label-selector.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { apply } from './apply.ts';
import { observe, serviceNameLabel } from './observe.ts';
import { reconcile } from './reconcile.ts';

/** Keeps each Service's EndpointSlices, and its Endpoints, equal to the pods that it selects. */
export const endpointSliceController: ControllerFactory = (context) => {
  const services = context.informer(Services);
  return {
    name: 'endpoint-slice',
    sources: [
      source(Services, (s) => [keyOf(s)]),
      source(Pods, (pod) =>
        services.list(pod.metadata?.namespace).flatMap((s) => {
          const selector = s.spec?.selector ?? {};
          return Object.keys(selector).length > 0 && selectsAll(selector, pod.metadata?.labels) ? [keyOf(s)] : [];
        }),
      ),
      source(EndpointSlices, (slice) => {
        const name = slice.metadata?.labels?.[serviceNameLabel];
        return name === undefined ? [] : [{ namespace: slice.metadata?.namespace, name }];
      }),
      source(Endpoints, (e) => [keyOf(e)]),
    ],
    workers: 8,
    async reconcile(key) {
      await apply(context.client, reconcile(observe(context, key)));
      return {};
    },
  };
};
