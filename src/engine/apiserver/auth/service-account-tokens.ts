import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../../../client/resource.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { RequestUser } from '../kinds/strategy.ts';

export const issuer = 'https://kubernetes.default.svc.cluster.local';

export interface BoundObject {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface TokenWish {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly lifetimeSeconds: number;
  readonly bound?: BoundObject;
  /** Of the pod that it is bound to. `uid` is absent where the node is not known. */
  readonly node?: { readonly name: string; readonly uid?: string };
}

interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
  /** What it is bound to, or, with `pod`, where that runs. */
  readonly node?: { readonly name: string; readonly uid?: string };
}

/** Finds a live object: a token dies with the account and the object it is bound to. */
export type FindObject = (kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node', namespace: string | undefined, name: string) => KubernetesObject | undefined;

/** What a token with a good signature says. */
interface SignedToken {
  readonly claims: KubernetesClaims;
  readonly user: RequestUser;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly notBefore: number;
  readonly audiences: readonly string[];
}

const signedLimit = 10_000;

/** Signs and checks service-account tokens (ES256 JWTs). The key is kept in `dir`, mode 0600. */
export class ServiceAccountTokens {
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly #clock: Clock;
  readonly #find: FindObject;
  readonly #signed = new Map<string, SignedToken>();
  readonly keyId: string;

  constructor(dir: string, clock: Clock, find: FindObject) {
    const path = join(dir, 'service-account.key');
    if (!existsSync(path)) writeFileSync(path, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    this.#key = createPrivateKey(readFileSync(path, 'utf8'));
    this.#public = createPublicKey(this.#key);
    this.keyId = createHash('sha256').update(this.#public.export({ type: 'spki', format: 'der' })).digest('base64url');
    this.#clock = clock;
    this.#find = find;
  }

  async issue(wish: TokenWish): Promise<{ token: string; expiresAtMs: number }> {
    const { SignJWT } = await import('jose');
    const now = Math.floor(this.#clock.now() / 1000);
    const claims: KubernetesClaims = {
      namespace: wish.namespace, serviceaccount: { name: wish.name, uid: wish.uid },
      ...(wish.bound && { [wish.bound.kind.toLowerCase()]: { name: wish.bound.name, uid: wish.bound.uid } }),
      ...(wish.node && { node: wish.node }),
    };
    const token = await new SignJWT({ 'kubernetes.io': claims })
      .setProtectedHeader({ alg: 'ES256', kid: this.keyId }).setIssuer(issuer).setSubject(`system:serviceaccount:${wish.namespace}:${wish.name}`)
      .setAudience([...wish.audiences]).setIssuedAt(now).setNotBefore(now).setExpirationTime(now + wish.lifetimeSeconds).setJti(randomUUID()).sign(this.#key);
    return { token, expiresAtMs: (now + wish.lifetimeSeconds) * 1000 };
  }

  /** Undefined when the token is not ours, is over, or what it is bound to is gone.
   *  @param audiences at least one must be the token's; default: this server */
  async verify(token: string, audiences: readonly string[] = [issuer]): Promise<RequestUser | undefined> {
    if (!this.#signed.has(token)) await this.#checkSignature(token);
    return this.verifyKnown(token, audiences);
  }

  /** The same for a token whose signature was checked before, at once. Undefined also where it was not. */
  verifyKnown(token: string, audiences: readonly string[] = [issuer]): RequestUser | undefined {
    const signed = this.#signed.get(token);
    if (signed === undefined) return undefined;
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    if (nowSeconds >= signed.expiresAt || nowSeconds < signed.notBefore || !audiences.some((a) => signed.audiences.includes(a))) return undefined;
    return this.#lives(signed.claims) ? signed.user : undefined;
  }

  /** A signature holds for ever and costs as much as the rest of a request: each token's is checked once. */
  async #checkSignature(token: string): Promise<void> {
    if (token.split('.').length !== 3) return;
    const { jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(token, this.#public, { issuer, algorithms: ['ES256'], currentDate: new Date(this.#clock.now()), requiredClaims: ['exp', 'aud'] });
      const claims = payload['kubernetes.io'] as KubernetesClaims;
      if (this.#signed.size >= signedLimit) this.#signed.delete(this.#signed.keys().next().value as string);
      this.#signed.set(token, { claims, user: userOf(claims, payload.jti), expiresAt: payload.exp ?? 0, notBefore: payload.nbf ?? 0, audiences: [payload.aud ?? []].flat() });
    } catch {
      // Not ours: as good as none.
    }
  }

  /** The public keys, as `/openid/v1/jwks` serves them. */
  async keySet(): Promise<object> {
    const { exportJWK } = await import('jose');
    return { keys: [{ ...(await exportJWK(this.#public)), use: 'sig', alg: 'ES256', kid: this.keyId }] };
  }

  #lives({ namespace, serviceaccount, pod, secret, node }: KubernetesClaims): boolean {
    const lives = (kind: Parameters<FindObject>[0], ref: { name: string; uid: string }): boolean => this.#find(kind, namespace, ref.name)?.metadata?.uid === ref.uid;
    return lives('ServiceAccount', serviceaccount) && (pod === undefined || lives('Pod', pod)) && (secret === undefined || lives('Secret', secret)) && (node === undefined || pod !== undefined || this.#find('Node', undefined, node.name)?.metadata?.uid === node.uid);
  }
}

function userOf({ namespace, serviceaccount, pod, node }: KubernetesClaims, id: string | undefined): RequestUser {
  return {
    username: `system:serviceaccount:${namespace}:${serviceaccount.name}`, uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      ...(id !== undefined && { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] }),
      ...(pod && { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
      ...(node && { 'authentication.kubernetes.io/node-name': [node.name] }),
      ...(node?.uid !== undefined && { 'authentication.kubernetes.io/node-uid': [node.uid] }),
    },
  };
}
