import { createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto';
import { BlockList, isIPv6 } from 'node:net';
import type { SegmentRule, TokenSource } from '../../api/router/identity.ts';
import type { RouterLayout } from './router-layout.ts';

/** What of a request tells who sends it. */
export interface RequestFacts {
  /** Every value of a header, each whole, as latin1. @param name in lower case */
  header(name: string): readonly string[];
  /** Address of the connection's other end. */
  readonly address: string;
}

export interface Identity {
  /** As latin1. Undefined: none, or not one. */
  readonly user?: string;
  /** Segment that the edge knows. Undefined: none of its rules fits, or this is not the edge. */
  readonly segment?: string;
}

export type Identify = (facts: RequestFacts) => Identity;

/** Who sends a request: the same rules, in the same order, as `identityLines` writes for HAProxy. */
export function identifier({ token, userId, edge, segmentRules }: Pick<RouterLayout, 'token' | 'userId' | 'edge' | 'segmentRules'>, now: () => number): Identify {
  const readsToken = userId.claim !== undefined || segmentRules.some((r) => 'claim' in r);
  const claims = tokenReader(token, now);
  const rules = segmentRules.map((rule) => ({ segment: rule.segment, fits: ruleTest(rule) }));
  return (facts) => {
    const payload = readsToken ? claims(facts) : undefined;
    const user =
      present(userId.header && single(facts, userId.header)) ??
      present(userId.cookie && cookie(facts, userId.cookie)) ??
      present(userId.claim && claim(payload, userId.claim)) ??
      (userId.address ? (present(edge ? undefined : facts.header('x-forwarded-for').join(',').split(',')[0]?.trim()) ?? facts.address) : undefined);
    const segment = rules.find((rule) => rule.fits(facts, user, payload))?.segment;
    return { ...(user === undefined ? {} : { user }), ...(segment === undefined ? {} : { segment }) };
  };
}

const present = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function single(facts: RequestFacts, name: string): string | undefined {
  const values = facts.header(name.toLowerCase());
  return values.length === 1 ? values[0] : undefined;
}

function cookie(facts: RequestFacts, name: string): string | undefined {
  for (const part of facts.header('cookie').flatMap((c) => c.split(';'))) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

type Payload = Readonly<Record<string, unknown>>;

function tokenReader({ header, cookie: cookieName, verify }: TokenSource, now: () => number): (facts: RequestFacts) => Payload | undefined {
  const key = verify && createPublicKey(verify.publicKey);
  const read = (facts: RequestFacts): string | undefined => {
    if (cookieName !== undefined) return cookie(facts, cookieName);
    if (header !== undefined) return single(facts, header);
    return /^bearer +(\S+)$/i.exec(single(facts, 'authorization') ?? '')?.[1];
  };
  return (facts) => {
    const parts = read(facts)?.split('.');
    const payload = parts?.length === 3 ? parse(parts[1] ?? '') : undefined;
    if (parts === undefined || payload === undefined || verify === undefined || key === undefined) return payload;
    const expires = claim(payload, 'exp');
    return isGenuine(parts, verify.algorithm, key) && (expires === undefined || Number.parseInt(expires, 10) > Math.floor(now() / 1000)) ? payload : undefined;
  };
}

/** RFC 7515. The algorithm is the configured one, whatever the token says. */
function isGenuine([head, body, signature = '']: readonly string[], algorithm: string, key: KeyObject): boolean {
  try {
    return verifySignature(`sha${algorithm.slice(2)}`, Buffer.from(`${head}.${body}`), algorithm.startsWith('ES') ? { key, dsaEncoding: 'ieee-p1363' } : key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

// Read as latin1, so that a claim is hashed byte by byte as it stands in the token.
function parse(part: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('latin1'));
    return typeof value === 'object' && value !== null ? (value as Payload) : undefined;
  } catch {
    return undefined;
  }
}

function claim(payload: Payload | undefined, path: string): string | undefined {
  let value: unknown = payload;
  for (const name of path.split('.')) value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Payload)[name] : undefined;
  switch (typeof value) {
    case 'string': return [...value].every((c) => c <= '\u00ff') ? value : undefined;
    case 'boolean': return value ? '1' : '0';
    case 'number': return Number.isSafeInteger(Math.trunc(value)) ? String(Math.trunc(value)) : undefined;
    default: return undefined;
  }
}

function ruleTest(rule: SegmentRule): (facts: RequestFacts, user: string | undefined, payload: Payload | undefined) => boolean {
  const has = (values: readonly string[]) => {
    const set = new Set(values);
    return (value: string | undefined): boolean => value !== undefined && set.has(value);
  };
  if ('users' in rule) {
    const fits = has(rule.users);
    return (_, user) => fits(user);
  }
  if ('networks' in rule) {
    const list = blockList(rule.networks);
    return ({ address }) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  const fits = has(rule.values);
  if ('claim' in rule) return (_, __, payload) => fits(claim(payload, rule.claim));
  if ('cookie' in rule) return (facts) => fits(cookie(facts, rule.cookie));
  return (facts) => fits(single(facts, rule.header));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
