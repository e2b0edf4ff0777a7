import { Endpoints, EndpointSlices, Pods, Services } from '../../../client/kinds.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import type { EndpointSlice, Endpoints as EndpointsObject, Pod, Service } from '../../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import { withLabels } from '../label-index.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';

export interface ServiceObserved {
  /** Absent: deleted, or its endpoints are somebody else's work (no selector, ExternalName). */
  readonly service: Service | undefined;
  readonly pods: readonly Pod[];
  /** Slices that this controller manages for the Service. */
  readonly slices: readonly EndpointSlice[];
  readonly endpoints: EndpointsObject | undefined;
}

export function observe(context: Pick<ControllerContext, 'informer'>, key: ObjectKey): ServiceObserved {
  const found = context.informer(Services).get(key);
  const selector = found?.spec?.selector;
  const managed = found !== undefined && selector !== undefined && Object.keys(selector).length > 0 && found.spec?.type !== 'ExternalName';
  return {
    service: managed ? found : undefined,
    pods: managed ? withLabels(context.informer(Pods), key.namespace, selector) : [],
    slices: withLabels(context.informer(EndpointSlices), key.namespace, { [serviceNameLabel]: key.name, [managedByLabel]: managedBy }),
    endpoints: context.informer(Endpoints).get(key),
  };
}
