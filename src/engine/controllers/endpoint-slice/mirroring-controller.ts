import { Endpoints, EndpointSlices, Services } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { source, type Controller, type ControllerContext, type ControllerFactory } from '../../../runtime/controller.ts';
import { indexLabels, withLabels } from '../label-index.ts';
import { apply } from './apply.ts';
import { mirror, mirroredBy } from './mirror.ts';
import { managedByLabel, serviceNameLabel } from './observe.ts';

/** Keeps an EndpointSlice of each Endpoints that a person or another program wrote for a Service without a selector: what routes reads slices alone. */
export const endpointSliceMirroringController: ControllerFactory = (context) => {
  indexLabels(context.informer(EndpointSlices));
  return mirroringController(context);
};

const mirroringController = (context: ControllerContext): Controller => ({
  name: 'endpoint-slice-mirroring',
  sources: [
    source(Endpoints, (e) => [keyOf(e)]),
    source(Services, (s) => [keyOf(s)]),
    source(EndpointSlices, (slice) => {
      const name = slice.metadata?.labels?.[serviceNameLabel];
      return name === undefined || slice.metadata?.labels?.[managedByLabel] !== mirroredBy ? [] : [{ namespace: slice.metadata.namespace, name }];
    }),
  ],
  workers: 2,
  async reconcile(key) {
    const slices = withLabels(context.informer(EndpointSlices), key.namespace, { [serviceNameLabel]: key.name, [managedByLabel]: mirroredBy });
    await apply(context.client, mirror({ service: context.informer(Services).get(key), endpoints: context.informer(Endpoints).get(key), slices }));
    return {};
  },
});
