import type { ApiContext } from '../context.ts';
import type { DiscoveryDocuments } from '../discovery/documents.ts';
import { replyJson, replyValue } from './reply.ts';
import type { PathHandler } from './server.ts';
import { issuer } from '../auth/service-account-tokens.ts';

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Discovery and keys: paths for authenticated users that name no resource. @param listening host and port, once the port is open */
export function resourcelessPaths(api: ApiContext, discovery: DiscoveryDocuments, listening: Promise<string>): PathHandler {
  return async (req, res, path) => {
    const address = await listening;
    if (path === '/openid/v1/jwks') {
      replyValue(req, res, 200, await api.tokens.keySet());
      return true;
    }
    if (path === '/.well-known/openid-configuration') {
      replyValue(req, res, 200, { issuer, jwks_uri: `https://${address}/openid/v1/jwks`, response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] });
      return true;
    }
    if (path === '/') {
      replyValue(req, res, 200, { paths: ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v3', '/readyz', '/version'] });
      return true;
    }
    if (!/^\/apis?(?:\/|$)/.test(path)) return false;
    const isRoot = /^\/apis?\/?$/.test(path);
    const aggregated = isRoot && (req.headers.accept ?? '').replaceAll(' ', '').includes('as=APIGroupDiscoveryList') && /v=v2(?![a-z])/.test(req.headers.accept ?? '');
    const document = discovery.document(path.replace(/\/$/, ''), aggregated, address);
    if (document === undefined) return false;
    replyJson(req, res, 200, document, [], aggregated ? aggregatedType : 'application/json');
    return true;
  };
}
