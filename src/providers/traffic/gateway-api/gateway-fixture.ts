import type { Condition } from '../../../api/group.ts';
import type { Client } from '../../../client/client.ts';
import { CustomResourceDefinitions } from '../../../client/kinds.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { Gateways, HttpRoutes, type HttpRoute } from './kinds.ts';

/** The kinds of the Gateway API without their rules, and a controller's word, for tests without a data plane. */
export async function installGatewayKinds(client: Client, schema: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }): Promise<void> {
  for (const { group, version, plural, kind } of [HttpRoutes, Gateways]) {
    await client.apply(CustomResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
      // Groups of Kubernetes's community take no definitions that nobody approved.
      metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' } },
      spec: {
        group, scope: 'Namespaced', names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [{ name: version, served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } }],
      },
    }, { fieldManager: 'test', force: true });
  }
}

const conditionsOf = (types: readonly string[], observedGeneration: number | undefined, status: Condition['status'] = 'True'): Condition[] =>
  types.map((type) => ({ type, status, reason: status === 'True' ? type : 'Refused', message: 'by the test', lastTransitionTime: new Date().toISOString(), ...(observedGeneration === undefined ? {} : { observedGeneration }) }));

/** A Gateway that its controller has programmed. */
export async function makeGateway(client: Client, key: ObjectKey): Promise<void> {
  const { metadata } = await client.create(Gateways, { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { ...key }, spec: { gatewayClassName: 'test', listeners: [] } });
  await client.patch(Gateways, key, { status: { conditions: conditionsOf(['Programmed'], metadata?.generation) } }, { subresource: 'status' });
}

/** Says of the route as it is now what a controller would. */
export async function answerRoute(client: Client, key: ObjectKey, status: Condition['status'] = 'True'): Promise<HttpRoute> {
  const route = await client.get(HttpRoutes, key);
  const parents = route.spec.parentRefs.map((parentRef) => ({ parentRef, controllerName: 'example.net/test', conditions: [...conditionsOf(['Accepted'], route.metadata?.generation, status), ...conditionsOf(['ResolvedRefs'], route.metadata?.generation)] }));
  return client.patch(HttpRoutes, key, { status: { parents } }, { subresource: 'status' });
}
