import type { JsonObject, JsonValue } from '../patch/json.ts';
import { components } from './components.ts';
import { parameterType, patchTypes, pathsOf, tagOf, type Operation } from './operations.ts';
import type { CustomApi, ServedResource } from './served-resource.ts';

const patchSchema = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const reference = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** The OpenAPI v3 document of one group version. */
export function documentV3(resources: readonly ServedResource[], custom: readonly CustomApi[], version: string): JsonObject {
  const paths: Record<string, JsonValue> = {};
  const used = new Set<string>(['io.k8s.apimachinery.pkg.apis.meta.v1.Status']);
  for (const resource of resources) {
    for (const item of pathsOf(resource)) {
      const entry: Record<string, JsonValue> = {};
      for (const operation of item.operations) {
        entry[operation.method] = operationV3(operation);
        for (const name of [operation.body, operation.answer]) if (name !== undefined) used.add(name);
      }
      entry.parameters = [
        ...item.pathParameters.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } })),
        { name: 'pretty', in: 'query', schema: { type: 'string', uniqueItems: true } },
      ];
      paths[item.path] = entry;
    }
  }
  const schemas = { ...components(used, custom), [patchSchema]: { type: 'object' } };
  return {
    openapi: '3.0.0', info: { title: 'Kubernetes', version }, paths,
    components: { schemas, securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } } },
  };
}

function operationV3(o: Operation): JsonObject {
  const types = o.resource.custom ? ['application/json', 'application/yaml'] : ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml'];
  const answer = { description: 'OK', ...(o.answer === undefined ? {} : { content: content(types, o.answer) }) };
  const body = o.patch ? content(patchTypes(o.resource.custom), patchSchema) : o.body === undefined ? undefined : content(['*/*'], o.body);
  return {
    tags: [tagOf(o.resource)], operationId: o.operationId,
    parameters: o.queryParameters.filter((p) => p !== 'pretty').map((name) => ({ name, in: 'query', schema: { type: parameterType(name), uniqueItems: true } })),
    ...(body ? { requestBody: { content: body, required: o.patch || o.body === o.answer } } : {}),
    responses: { 200: answer, ...(o.created ? { 201: { ...answer, description: 'Created' } } : {}), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': o.action,
    'x-kubernetes-group-version-kind': { ...o.resource.kind },
  };
}

function content(types: readonly string[], schema: string): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema: reference(schema) }]));
}
