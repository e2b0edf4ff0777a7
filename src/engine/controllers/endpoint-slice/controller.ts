import { Endpoints, EndpointSlices, Pods, Services } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { selectsAll } from '../../../kubernetes/label-selector.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import type { Service } from '../../../kubernetes/types.generated.ts';
import { indexLabels, indexSelectors, selectorIndex, thatMaySelect } from '../label-index.ts';
import { apply } from './apply.ts';
import { observe, serviceNameLabel } from './observe.ts';
import { reconcile } from './reconcile.ts';

/** A Service without one leaves its endpoints to others. */
const bySelector = selectorIndex(({ spec }: Service) => (Object.keys(spec?.selector ?? {}).length === 0 ? undefined : spec?.selector));

/** Keeps each Service's EndpointSlices, and its Endpoints, equal to the pods that it selects. */
export const endpointSliceController: ControllerFactory = (context) => {
  const services = context.informer(Services);
  indexSelectors(services, bySelector);
  indexLabels(context.informer(Pods));
  indexLabels(context.informer(EndpointSlices));
  return {
    name: 'endpoint-slice',
    sources: [
      source(Services, (s) => [keyOf(s)]),
      source(Pods, (pod) =>
        thatMaySelect(services, pod.metadata?.namespace, pod.metadata?.labels).filter((s) => selectsAll(s.spec?.selector ?? {}, pod.metadata?.labels)).map(keyOf),
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
