import type { OpenApi } from '../openapi/openapi.ts';
import type { ResourceRegistry } from '../resources/registry.ts';
import { versionInfo } from './open-paths.ts';
import { replyJson } from './reply.ts';
import type { PathHandler } from './server.ts';

/** Clients ask for the first, which is no media type, or the second; the answer is always the second, since they read it as one. */
const askedProtobufV2 = ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'] as const;
const protobufV2 = askedProtobufV2[1];

/** `/openapi/v3`, its documents, and `/openapi/v2`. The generator is loaded with the first request. */
export function openApiPaths(registry: ResourceRegistry): PathHandler {
  let loading: Promise<OpenApi> | undefined;
  let generation = -1;
  const current = async (): Promise<OpenApi> => {
    loading ??= import('../openapi/openapi.ts').then((m) => m.createOpenApi(versionInfo.gitVersion));
    const openApi = await loading;
    if (generation !== registry.generation) {
      generation = registry.generation;
      openApi.setCustomResources(registry.all().flatMap((r) => (r.custom === undefined ? [] : [{
        group: r.group, version: r.version, plural: r.plural, kind: r.kind, listKind: r.custom.definition.spec?.names?.listKind ?? `${r.kind}List`,
        namespaced: r.namespaced, schema: r.custom.version.schema?.openAPIV3Schema, status: r.subresources.has('status'), scale: r.subresources.has('scale'),
      }])));
    }
    return openApi;
  };
  return async (req, res, path) => {
    if (!path.startsWith('/openapi/')) return false;
    const openApi = await current();
    const protobuf = path === '/openapi/v2' && askedProtobufV2.some((type) => req.headers.accept?.includes(type));
    const document = path === '/openapi/v2' ? openApi.v2(protobuf ? 'protobuf' : 'json') : path === '/openapi/v3' ? openApi.index() : openApi.v3(path.slice('/openapi/v3/'.length));
    if (document === undefined) return false;
    res.setHeader('etag', `"${document.hash}"`);
    res.setHeader('vary', 'Accept-Encoding, Accept');
    if (req.headers['if-none-match'] === `"${document.hash}"`) res.writeHead(304).end();
    else replyJson(req, res, 200, document.body, [], protobuf ? protobufV2 : 'application/json');
    return true;
  };
}
