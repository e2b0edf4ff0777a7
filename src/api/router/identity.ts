import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';
import { flag, list, object, rules, text } from '../schema.ts';

/** Where the stable user id is read: the first of header, cookie, claim and address that a request has, in this order. */
export interface UserIdSource {
  header?: string;
  cookie?: string;
  /** Claim of the bearer token (a JWT), such as `sub` or `account.id`. */
  claim?: string;
  /** The client's address: the connection's own at the edge, else the first of `X-Forwarded-For` where there is one. */
  address?: boolean;
}

/** Where a JWT is read, and how it is known to be genuine. */
export interface TokenSource {
  /** Header whose whole value is the token. Default: `Authorization: Bearer`. */
  header?: string;
  cookie?: string;
  /** Absent: claims are read and not verified. */
  verify?: { algorithm: TokenAlgorithm; publicKey: string };
}

export const TOKEN_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** One way in which the edge knows a segment: by a claim, header or cookie that has one of `values`, by user id, or by network. */
export type SegmentRule = { segment: string } & (
  | { claim: string; values: string[] }
  | { header: string; values: string[] }
  | { cookie: string; values: string[] }
  | { users: string[] }
  | { networks: string[] }
);

const HEADER = '^[A-Za-z0-9-]+$';
const COOKIE = '^[A-Za-z0-9_.-]+$';
const CLAIM = '^[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)*$';
/** What stands in haproxy.cfg as one word. */
const WORD = '^[A-Za-z0-9_.:/@+=-]+$';
const claim = text('Claim of the bearer token; dots lead into objects.', { pattern: CLAIM, maxLength: 100 });
const words = (description: string, extra: JSONSchemaProps = {}): JSONSchemaProps => list(description, text('One value.', { pattern: WORD, maxLength: 256 }), { minItems: 1, maxItems: 200, ...extra });

export const userIdSource = object('Where the stable user id is read: the first of these that a request has, in this order.', {
  header: text('Name of a request header.', { pattern: HEADER, maxLength: 100 }),
  cookie: text('Name of a cookie.', { pattern: COOKIE, maxLength: 100 }),
  claim,
  address: flag("True: the client's address, where nothing else is there."),
});

export const tokenSource = object('Where a JWT is read, and how it is known to be genuine.', {
  header: text('Header whose whole value is the token. Default: Authorization, as a bearer token.', { pattern: HEADER, maxLength: 100 }),
  cookie: text('Cookie whose value is the token.', { pattern: COOKIE, maxLength: 100 }),
  verify: object(
    'Tokens with another signature, or that have expired, are as none. Absent: claims are read and not verified.',
    { algorithm: text('Algorithm of the signature.', { enum: [...TOKEN_ALGORITHMS] }), publicKey: text('Public key, as PEM.', { pattern: '^-----BEGIN PUBLIC KEY-----', maxLength: 8192 }) },
    { required: ['algorithm', 'publicKey'] },
  ),
});

export const segmentRules = list(
  'How the edge knows the segment of a request; the first rule that fits counts, and the default segment where none does.',
  object(
    'One rule: a claim, header or cookie that has one of values; or users; or networks.',
    {
      segment: text('Segment of the requests that fit.', { pattern: '^[A-Za-z0-9_-]+$', maxLength: 63 }),
      claim,
      header: text('Header that somebody in front of the edge sets: a client can send it too.', { pattern: HEADER, maxLength: 100 }),
      cookie: text('Cookie: a client can send any.', { pattern: COOKIE, maxLength: 100 }),
      values: words('Whole values.'),
      users: words('User ids.'),
      networks: list('Networks of clients.', text('Address or CIDR.', { pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$', maxLength: 64 }), { minItems: 1, maxItems: 200 }),
    },
    {
      required: ['segment'],
      ...rules(
        ['[has(self.claim), has(self.header), has(self.cookie), has(self.users), has(self.networks)].filter(x, x).size() == 1', 'A segment rule is exactly one of claim, header, cookie, users and networks'],
        ['(has(self.claim) || has(self.header) || has(self.cookie)) == has(self.values)', 'A segment rule by claim, header or cookie has values, and no other has'],
      ),
    },
  ),
  { maxItems: 50 },
);
