import type { JsonObject, JsonValue } from '../patch/json.ts';
import { definitions } from '../schema/definitions.ts';
import { customDefinitions } from './components.ts';
import { describedMetadata, objectMetaName } from './described-metadata.ts';
import { parameterType, patchTypes, pathsOf, tagOf, type Operation } from './operations.ts';
import type { CustomApi, ServedResource } from './served-resource.ts';

const reference = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });
const patchSchema = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const recorded = definitions as unknown as JsonObject;

/** The OpenAPI v2 document of everything that is served. */
export function documentV2(resources: readonly ServedResource[], custom: readonly CustomApi[], version: string): JsonObject {
  const paths: Record<string, JsonValue> = {};
  for (const item of resources.flatMap(pathsOf)) {
    const entry: Record<string, JsonValue> = {};
    for (const operation of item.operations) entry[operation.method] = operationV2(operation);
    if (item.pathParameters.length > 0) entry.parameters = item.pathParameters.map((name) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true }));
    paths[item.path] = entry;
  }
  return {
    swagger: '2.0', info: { title: 'Kubernetes', version }, paths,
    definitions: { ...recorded, [objectMetaName]: describedMetadata(recorded[objectMetaName] as JsonObject), [patchSchema]: { type: 'object' }, ...customDefinitions(custom.map(published)) },
    securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  };
}

/** As Kubernetes publishes it: v2 cannot say that unknown fields stay, so such a schema says nothing at all. */
function published(api: CustomApi): CustomApi {
  return api.schema === undefined || api.schema['x-kubernetes-preserve-unknown-fields'] === true ? { ...api, schema: { type: 'object' } } : api;
}

function operationV2(o: Operation): JsonObject {
  const body = o.patch ? patchSchema : o.body;
  const answer = { description: 'OK', ...(o.answer === undefined ? {} : { schema: reference(o.answer) }) };
  return {
    tags: [tagOf(o.resource)], operationId: o.operationId,
    consumes: o.patch ? patchTypes(o.resource.custom) : ['*/*'],
    produces: ['application/json', 'application/yaml', ...(o.resource.custom ? [] : ['application/vnd.kubernetes.protobuf'])],
    schemes: ['https'],
    parameters: [
      ...(body === undefined ? [] : [{ name: 'body', in: 'body', ...(o.patch || o.body === o.answer ? { required: true } : {}), schema: reference(body) }]),
      ...o.queryParameters.map((name) => ({ name, in: 'query', type: parameterType(name), uniqueItems: true })),
    ],
    responses: { 200: answer, ...(o.created ? { 201: { ...answer, description: 'Created' } } : {}), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': o.action,
    'x-kubernetes-group-version-kind': { ...o.resource.kind },
  };
}
