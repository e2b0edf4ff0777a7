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
}

interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
  readonly node?: { readonly name: string; readonly uid: string };
}

/** Finds a live object: a token dies with the account and the object it is bound to. */
export type FindObject = (kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node', namespace: string | undefined, name: string) => KubernetesObject | undefined;

/** Signs and checks service-account tokens (ES256 JWTs). The key is kept in `dir`, mode 0600. */
export class ServiceAccountTokens {
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly #clock: Clock;
  readonly #find: FindObject;
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
    };
    const token = await new SignJWT({ 'kubernetes.io': claims })
      .setProtectedHeader({ alg: 'ES256', kid: this.keyId }).setIssuer(issuer).setSubject(`system:serviceaccount:${wish.namespace}:${wish.name}`)
      .setAudience([...wish.audiences]).setIssuedAt(now).setNotBefore(now).setExpirationTime(now + wish.lifetimeSeconds).setJti(randomUUID()).sign(this.#key);
    return { token, expiresAtMs: (now + wish.lifetimeSeconds) * 1000 };
  }

  /** Undefined when the token is not ours, is over, or what it is bound to is gone.
   *  @param audiences at least one must be the token's; default: this server */
  async verify(token: string, audiences: readonly string[] = [issuer]): Promise<RequestUser | undefined> {
    if (token.split('.').length !== 3) return undefined;
    const { jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(token, this.#public, { issuer, audience: [...audiences], algorithms: ['ES256'], currentDate: new Date(this.#clock.now()) });
      return this.#userOf(payload['kubernetes.io'] as KubernetesClaims, payload.jti);
    } catch {
      return undefined;
    }
  }

  /** The public keys, as `/openid/v1/jwks` serves them. */
  async keySet(): Promise<object> {
    const { exportJWK } = await import('jose');
    return { keys: [{ ...(await exportJWK(this.#public)), use: 'sig', alg: 'ES256', kid: this.keyId }] };
  }

  #userOf(claims: KubernetesClaims, id: string | undefined): RequestUser | undefined {
    const { namespace, serviceaccount, pod, secret, node } = claims;
    const lives = (kind: Parameters<FindObject>[0], ns: string | undefined, ref: { name: string; uid: string }): boolean => this.#find(kind, ns, ref.name)?.metadata?.uid === ref.uid;
    if (!lives('ServiceAccount', namespace, serviceaccount)) return undefined;
    if (pod !== undefined && !lives('Pod', namespace, pod)) return undefined;
    if (secret !== undefined && !lives('Secret', namespace, secret)) return undefined;
    return {
      username: `system:serviceaccount:${namespace}:${serviceaccount.name}`, uid: serviceaccount.uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      extra: {
        ...(id !== undefined && { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] }),
        ...(pod && { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
        ...(node && { 'authentication.kubernetes.io/node-name': [node.name] }),
      },
    };
  }
}
