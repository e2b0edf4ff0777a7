import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { RequestUser } from '../kinds/strategy.ts';
import { BootstrapTokens } from './bootstrap-tokens.ts';
import type { OidcTokens } from './oidc.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

export interface StaticToken {
  readonly token: string;
  readonly user: string;
  readonly groups: readonly string[];
}

export const anonymous: RequestUser = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
const authenticated = 'system:authenticated';

/** Says who sends a request: by bearer token (static, bootstrap, service account or OpenID Connect), else by client certificate, else nobody. */
export class Authenticator {
  readonly #static: readonly { readonly digest: Buffer; readonly user: RequestUser }[];
  readonly #serviceAccounts: ServiceAccountTokens;
  readonly #bootstrap: BootstrapTokens;
  readonly #oidc: OidcTokens | undefined;
  /** Users by Authorization header, so that a token is hashed once. Static tokens only; those never change. */
  readonly #known = new Map<string, RequestUser>();
  readonly #bySocket = new WeakMap<object, RequestUser>();

  constructor(tokens: readonly StaticToken[], serviceAccounts: ServiceAccountTokens, bootstrap: BootstrapTokens, oidc?: OidcTokens) {
    this.#oidc = oidc;
    this.#bootstrap = bootstrap;
    this.#static = tokens.map((t) => ({ digest: digest(t.token), user: { username: t.user, uid: t.user, groups: [...new Set([...t.groups, authenticated])] } }));
    this.#serviceAccounts = serviceAccounts;
  }

  /** The user at once where nothing has to be computed; undefined: ask {@link identify}. */
  known(req: IncomingMessage): RequestUser | undefined {
    const header = req.headers.authorization;
    if (header === undefined) return undefined;
    return this.#known.get(header) ?? (header.startsWith('Bearer ') ? this.#serviceAccounts.verifyKnown(header.slice(7)) ?? this.#oidc?.known(header.slice(7)) : undefined);
  }

  /** Undefined when credentials are there and wrong; {@link anonymous} when there are none. */
  async identify(req: IncomingMessage): Promise<RequestUser | undefined> {
    const header = req.headers.authorization ?? bearerFromProtocol(req.headers['sec-websocket-protocol']);
    if (header !== undefined) return this.#known.get(header) ?? this.#byHeader(header);
    return this.#byCertificate(req.socket as TLSSocket) ?? anonymous;
  }

  /** Undefined when the token is not one of ours, or its time is over. */
  async reviewToken(token: string, audiences?: readonly string[]): Promise<RequestUser | undefined> {
    const own = digest(token);
    const match = this.#static.find((s) => timingSafeEqual(s.digest, own));
    return match?.user ?? this.#verify(token, audiences);
  }

  async #byHeader(header: string): Promise<RequestUser | undefined> {
    const token = /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1];
    if (token === undefined) return undefined;
    const own = digest(token);
    const found = this.#static.find((s) => timingSafeEqual(s.digest, own));
    if (found === undefined) return this.#verify(token);
    this.#known.set(header, found.user);
    return found.user;
  }

  async #verify(token: string, audiences?: readonly string[]): Promise<RequestUser | undefined> {
    // What an issuer says of audiences is the configuration's; a review that asks for others gets no.
    if (this.#oidc?.claims(token) === true) return audiences === undefined ? this.#oidc.verify(token) : undefined;
    return BootstrapTokens.isOne(token) ? this.#bootstrap.verify(token) : this.#serviceAccounts.verify(token, audiences);
  }

  /** TLS has checked the certificate against the cluster's authority; its subject names the user and groups. */
  #byCertificate(socket: TLSSocket): RequestUser | undefined {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    if (!socket.authorized) return undefined;
    const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined;
    if (subject?.CN === undefined) return undefined;
    const user = { username: subject.CN, groups: [...[subject.O ?? []].flat(), authenticated] };
    this.#bySocket.set(socket, user);
    return user;
  }
}

const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';

/** Browsers cannot set headers on WebSockets: Kubernetes takes the token as a subprotocol. */
function bearerFromProtocol(protocols: string | undefined): string | undefined {
  const found = protocols?.split(',').map((p) => p.trim()).find((p) => p.startsWith(protocolPrefix));
  return found === undefined ? undefined : `Bearer ${Buffer.from(found.slice(protocolPrefix.length), 'base64url').toString()}`;
}
