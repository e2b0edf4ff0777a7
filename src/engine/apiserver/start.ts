import { mkdirSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Clock, Random } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Secret } from '../../kubernetes/types.generated.ts';
import { Store } from '../store/store.ts';
import { Auditor, type AuditSink } from './audit/audit.ts';
import type { AuditPolicy } from './audit/policy.ts';
import { Authenticator, type StaticToken } from './auth/authenticator.ts';
import { BootstrapTokens } from './auth/bootstrap-tokens.ts';
import type { AuthenticationConfig } from './auth/authentication-config.ts';
import { OidcTokens } from './auth/oidc.ts';
import { allowAll } from './auth/authorizer.ts';
import { NodeAuthorizer } from './auth/node-authorizer.ts';
import { RbacAuthorizer } from './auth/rbac.ts';
import { ensureRoles, type AccessObjects } from './bootstrap/roles.ts';
import { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { ensureObjects } from './bootstrap/ensure.ts';
import { apiEndpoints, bootstrapObjects } from './bootstrap/objects.ts';
import { CertificateAuthority } from './certificates/authority.ts';
import { storeKey, storeLookups, timestamp, type ApiContext } from './context.ts';
import { followPolicies } from './admission/policies/type-checking.ts';
import { AggregatedApis } from './aggregation/aggregated-apis.ts';
import { FrontProxy } from './aggregation/front-proxy.ts';
import { followDefinitions } from './custom-resources/follow-definitions.ts';
import { DiscoveryDocuments } from './discovery/documents.ts';
import { connectionOptions, keepConnections } from './http/connections.ts';
import { openPaths } from './http/open-paths.ts';
import { resourcelessPaths } from './http/resourceless-paths.ts';
import { metricsPath, RequestMetrics } from './http/metrics.ts';
import { openApiPaths } from './http/openapi-paths.ts';
import { requestListener, upgradeListener, type PathHandler } from './http/server.ts';
import type { KindObject } from './kinds/strategy.ts';
import { resourceMetrics } from './resource-metrics/resource-metrics.ts';
import { ResourceRegistry } from './resources/registry.ts';
import { AddressPool } from './services/address-pool.ts';
import { allocateForService } from './services/allocate.ts';

export interface ApiServerOptions {
  /** Holds the store, keys and certificates. */
  readonly dataDir: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Allows addresses of 127.0.0.0/8 in pods, endpoints and services. Default false. */
  readonly loopbackAddresses?: boolean;
  /** Range of ClusterIPs. Default 10.96.0.0/12, or 127.96.0.0/12 with loopback addresses. */
  readonly serviceCidr?: string;
  /** Tokens that are good as long as the server runs, each with its user. */
  readonly staticTokens?: readonly StaticToken[];
  /** Other issuers of tokens, and what may be asked without credentials. Default: neither. */
  readonly authentication?: AuthenticationConfig;
  /** Roles and bindings beyond those of every cluster, such as for the users of `staticTokens`. */
  readonly access?: AccessObjects;
  /** What is audited, and where to. Default: nothing. */
  readonly audit?: { readonly policy: AuditPolicy; readonly sink: AuditSink };
  /** Called once when the store can write no more: the process must end and start again. */
  readonly onStoreBroken?: (error: Error) => void;
  /** `rbac` (default) enforces roles and bindings; `authenticated`: every user with credentials may do everything. */
  readonly authorization?: 'authenticated' | 'rbac';
}

export interface ApiServer {
  readonly url: string;
  /** The certificate that clients trust. */
  readonly caPem: string;
  readonly authority: CertificateAuthority;
  close(): Promise<void>;
}

/** Another program listens on the wanted port. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

/** Starts the API server; resolves when it answers. `close` ends watches, waits for what is being written, and frees the data directory.
 *  @throws {PortInUseError | DataLockedError | UnusableDataError} */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { dataDir, host = '127.0.0.1', clock, random, log, loopbackAddresses = false } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = new Store({ dir: join(dataDir, 'store'), clock, ...(options.onStoreBroken && { onBroken: options.onStoreBroken }) });
  const closing = new AbortController();
  try {
    const pki = join(dataDir, 'pki');
    const authority = await CertificateAuthority.open(pki, clock);
    const serviceCidr = options.serviceCidr ?? (loopbackAddresses ? '127.96.0.0/12' : '10.96.0.0/12');
    const addresses = new AddressPool(serviceCidr);
    const serving = await authority.serving('apiserver', [...new Set([host, '127.0.0.1', addresses.first, 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'])]);
    const registry = new ResourceRegistry();
    registry.setCustom(resourceMetrics[0]!.group, resourceMetrics);
    const lookups = storeLookups(store, registry);
    const tokens = new ServiceAccountTokens(pki, clock, (kind, namespace, name) => lookups.get('', kind, namespace, name));
    const authenticator = new Authenticator(options.staticTokens ?? [], tokens, new BootstrapTokens((name) => lookups.get('', 'Secret', 'kube-system', name) as Secret | undefined, clock), new OidcTokens(options.authentication?.jwt ?? [], clock, log));
    const { anonymous } = options.authentication ?? {};
    const admitsAnonymous = (path: string): boolean => anonymous !== undefined && (anonymous.paths === undefined || anonymous.paths.includes(path));
    const api: ApiContext = { store, registry, clock, random, log, loopbackAddresses, authority, authorizer: options.authorization === 'authenticated' ? allowAll : new NodeAuthorizer(new RbacAuthorizer(store), store), tokens, addresses, lookups, closing: closing.signal };
    for (const record of store.collection('/services').records()) allocateForService(structuredClone(record.object) as KindObject, addresses);
    await followDefinitions(api);
    const proxy = await FrontProxy.open(pki, clock);
    const aggregation = { apis: new AggregatedApis(api, proxy), proxy };
    let ready = false;
    const server = createSecureServer({ ...connectionOptions, allowHTTP1: true, key: serving.keyPem, cert: serving.certPem, ca: [authority.caPem], requestCert: true, rejectUnauthorized: false });
    // The listeners stand before the port opens: a request that comes in between must not wait for ever.
    const { promise: listening, resolve: nowListening } = Promise.withResolvers<string>();
    const requests = new RequestMetrics(clock);
    const handlers = [resourcelessPaths(api, new DiscoveryDocuments(registry), listening), openApiPaths(registry), metricsPath(api, requests)];
    const paths: PathHandler = async (req, res, path) => {
      for (const handle of handlers) if (await handle(req, res, path)) return true;
      return false;
    };
    const parts = { api, authenticator, admitsAnonymous, openPaths: openPaths(() => ready), paths, requests, aggregation, ...(options.audit && { audit: new Auditor(options.audit.policy, options.audit.sink, clock) }) };
    const listener = requestListener(parts);
    server.on('upgrade', upgradeListener(parts));
    server.on('request', (req, res) => listener(req as unknown as IncomingMessage, res as unknown as ServerResponse));
    const stop = keepConnections(server);
    const address = await listen(server, host, options.port ?? 0);
    nowListening(`${host}:${address.port}`);
    const url = `https://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    // Together they are one commit.
    await Promise.all([
      ensureObjects(store, clock, bootstrapObjects(serviceCidr, addresses.first, address.port, timestamp(clock.now()))), ensureRoles(store, clock, options.access),
      ensureObjects(store, clock, [...apiEndpoints(host, address.port), proxy.configuration(authority.caPem)], true),
    ]);
    aggregation.apis.follow();
    followPolicies(api);
    addresses.take(addresses.first, storeKey('default', 'kubernetes'));
    ready = true;
    log.info({ url, revision: store.revision, objects: store.collection('/pods').size }, 'API server ready');
    return {
      url, caPem: authority.caPem, authority,
      async close() {
        ready = false;
        closing.abort();
        await stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function listen(server: Http2SecureServer, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(`Port ${port} of ${host} is in use by another program: stop it, or choose another with --port (0 takes a free one)`, { cause: error }) : error);
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}
