import { get } from 'node:https';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import { celEnvironment, celMessage, compile, type Expression } from '../cel/environment.ts';
import { celValue } from '../cel/values.ts';
import type { RequestUser } from '../kinds/strategy.ts';
import type { ClaimMapping, JwtIssuer } from './authentication-config.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
const KEPT = 10_000;
/** An issuer's keys are asked for again when a token names another, at most this often. */
const REFRESH_MS = 10_000;
const DEADLINE_MS = 10_000;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

/** Checks ID tokens of OpenID Connect providers: signature, audience, time and the configured rules; their claims name the user. */
export class OidcTokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #verified = new Map<string, { readonly user: RequestUser; readonly expiresAtMs: number }>();

  constructor(issuers: readonly JwtIssuer[], clock: Clock, log: Logger) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer.url, new Issuer(issuer, clock)]));
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether a token says that one of these issuers made it; nothing is checked. */
  claims(token: string): boolean {
    return this.#issuers.size > 0 && this.#issuerOf(token) !== undefined;
  }

  /** The user of a token that was checked before, at once; undefined where it was not, or its time is over. */
  known(token: string): RequestUser | undefined {
    const found = this.#verified.get(token);
    if (found === undefined) return undefined;
    if (this.#clock.now() < found.expiresAtMs) return found.user;
    this.#verified.delete(token);
    return undefined;
  }

  /** Undefined when the token is not good. */
  async verify(token: string): Promise<RequestUser | undefined> {
    const issuer = this.#issuerOf(token);
    if (issuer === undefined) return undefined;
    try {
      const { user, expiresAtMs } = await issuer.verify(token);
      if (this.#verified.size >= KEPT) this.#verified.delete(this.#verified.keys().next().value as string);
      this.#verified.set(token, { user, expiresAtMs });
      return user;
    } catch (error) {
      this.#log.info({ issuer: issuer.url, reason: celMessage(error) }, 'A token of an OpenID Connect issuer was refused');
      return undefined;
    }
  }

  #issuerOf(token: string): Issuer | undefined {
    try {
      const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown };
      return typeof iss === 'string' ? this.#issuers.get(iss) : undefined;
    } catch {
      return undefined;
    }
  }
}

class Issuer {
  readonly url: string;
  readonly #config: JwtIssuer;
  readonly #clock: Clock;
  readonly #claimRules: readonly ((claims: JWTPayload) => void)[];
  readonly #userRules: readonly { readonly holds: Expression; readonly message: string }[];
  readonly #username: (claims: JWTPayload) => unknown;
  readonly #groups: (claims: JWTPayload) => unknown;
  readonly #uid: (claims: JWTPayload) => unknown;
  #keys: Promise<JSONWebKeySet> | undefined;
  #keysAtMs = -Infinity;

  constructor(config: JwtIssuer, clock: Clock) {
    this.url = config.issuer.url;
    this.#config = config;
    this.#clock = clock;
    this.#claimRules = config.claimValidationRules.map((rule) => claimRule(rule));
    this.#userRules = config.userValidationRules.map(({ expression, message }) => ({ holds: compile(celEnvironment(['user']), expression), message: message ?? `failed rule: ${expression}` }));
    this.#username = mapped(config.claimMappings.username);
    this.#groups = config.claimMappings.groups === undefined ? () => undefined : mapped(config.claimMappings.groups);
    this.#uid = config.claimMappings.uid === undefined ? () => undefined : mapped(config.claimMappings.uid);
  }

  /** @throws where anything is wrong with the token */
  async verify(token: string): Promise<{ user: RequestUser; expiresAtMs: number }> {
    const { jwtVerify, createLocalJWKSet, errors } = await import('jose');
    const check = async (): Promise<JWTPayload> => (await jwtVerify(token, createLocalJWKSet(await this.#jwks()), {
      issuer: this.url, audience: [...this.#config.issuer.audiences], algorithms: ALGORITHMS, currentDate: new Date(this.#clock.now()), requiredClaims: ['exp'],
    })).payload;
    let claims: JWTPayload;
    try {
      claims = await check();
    } catch (error) {
      // The issuer may have new keys.
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#clock.now() - this.#keysAtMs < REFRESH_MS) throw error;
      this.#keys = undefined;
      claims = await check();
    }
    for (const rule of this.#claimRules) rule(claims);
    return { user: this.#userOf(claims), expiresAtMs: (claims.exp ?? 0) * 1000 };
  }

  #userOf(claims: JWTPayload): RequestUser {
    const username = this.#username(claims);
    if (typeof username !== 'string' || username === '') throw new Error('the username claim is no text');
    // As Kubernetes: an address that the issuer has not verified names nobody.
    if (this.#config.claimMappings.username.claim === 'email' && claims['email_verified'] === false) throw new Error('the email is not verified');
    const groups = this.#groups(claims);
    const uid = this.#uid(claims);
    const named = groups === undefined ? [] : Array.isArray(groups) ? groups.filter((g): g is string => typeof g === 'string') : [String(groups)];
    const user: RequestUser = { username, ...(typeof uid === 'string' && { uid }), groups: [...new Set([...named, 'system:authenticated'])] };
    for (const { holds, message } of this.#userRules) if (holds({ user: celValue(user) }) !== true) throw new Error(message);
    return user;
  }

  #jwks(): Promise<JSONWebKeySet> {
    if (this.#keys === undefined) {
      this.#keysAtMs = this.#clock.now();
      const asked = this.#fetchKeys();
      this.#keys = asked;
      asked.catch(() => { if (this.#keys === asked) this.#keys = undefined; });
    }
    return this.#keys;
  }

  async #fetchKeys(): Promise<JSONWebKeySet> {
    const { discoveryURL, certificateAuthority } = this.#config.issuer;
    const document = await fetchJson(discoveryURL ?? `${this.url.replace(/\/$/, '')}/.well-known/openid-configuration`, certificateAuthority) as { issuer?: string; jwks_uri?: string };
    if (document.issuer !== this.url) throw new Error(`the issuer calls itself ${String(document.issuer)}, not ${this.url}`);
    if (typeof document.jwks_uri !== 'string' || !document.jwks_uri.startsWith('https://')) throw new Error('the issuer names no https jwks_uri');
    return await fetchJson(document.jwks_uri, certificateAuthority) as JSONWebKeySet;
  }
}

/** The value that a mapping takes from the claims; undefined where the claim is not there. */
function mapped({ claim, prefix = '', expression }: ClaimMapping): (claims: JWTPayload) => unknown {
  if (claim !== undefined) {
    return (claims) => {
      const value = claims[claim];
      if (Array.isArray(value)) return value.map((item) => `${prefix}${String(item)}`);
      return typeof value === 'string' ? `${prefix}${value}` : undefined;
    };
  }
  const evaluate = compile(celEnvironment(['claims']), expression ?? '');
  return (claims) => evaluate({ claims: celValue(claims) });
}

function claimRule({ claim, requiredValue, expression, message }: JwtIssuer['claimValidationRules'][number]): (claims: JWTPayload) => void {
  if (claim !== undefined) {
    return (claims) => {
      if (claims[claim] !== (requiredValue ?? '')) throw new Error(`the claim ${claim} is not ${JSON.stringify(requiredValue ?? '')}`);
    };
  }
  const holds = compile(celEnvironment(['claims']), expression ?? '');
  return (claims) => {
    if (holds({ claims: celValue(claims) }) !== true) throw new Error(message ?? `failed rule: ${expression}`);
  };
}

function fetchJson(url: string, ca: string | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { ...(ca !== undefined && { ca }), timeout: DEADLINE_MS, signal: AbortSignal.timeout(DEADLINE_MS) }, (res) => {
      const chunks: Buffer[] = [];
      let size = 0;
      res.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > ANSWER_LIMIT_BYTES) res.destroy(new Error(`${url} answers with more than ${ANSWER_LIMIT_BYTES} bytes`));
      });
      res.on('error', reject);
      res.on('end', () => {
        if (res.statusCode !== 200) reject(new Error(`${url} answered ${res.statusCode}`));
        else try { resolve(JSON.parse(Buffer.concat(chunks).toString())); } catch (cause) { reject(new Error(`${url} answers no JSON`, { cause })); }
      });
    });
    sent.on('error', reject);
  });
}
