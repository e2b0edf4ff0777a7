import type { SegmentRule, TokenSource } from '../../../api/router/identity.ts';
import { CONFIG_DIR, REMOVED_GROUP, type RouterLayout, TRAFFIC_GROUP } from '../router-layout.ts';
import { quoted, setVar } from './config-line.ts';

export const TOKEN_KEY_FILE = 'token.pem';

/** Lines of the frontend that find out who sends a request, and to which group he belongs: `txn.user` and `txn.segment`. The same rules, in the same order, as `identify`. */
export function identityLines(layout: RouterLayout): string[] {
  return [...tokenLines(layout), ...userLines(layout), ...(layout.edge ? edgeLines(layout) : groupLines(layout))];
}

function tokenLines({ token, userId, segmentRules }: RouterLayout): string[] {
  if (userId.claim === undefined && !segmentRules.some((r) => 'claim' in r)) return [];
  const { verify } = token;
  const lines = ['  # The bearer token; only claims of a genuine one that has not expired count, where a key is given.', setVar('token', ...tokenSample(token))];
  if (verify === undefined) return lines;
  return [
    ...lines,
    setVar('now', 'date'),
    `  acl genuine var(txn.token),jwt_verify("${verify.algorithm}","${CONFIG_DIR}/${TOKEN_KEY_FILE}") eq 1`,
    `  acl expires var(txn.token),${claimOf('exp')} -m found`,
    `  acl lives var(txn.token),${claimOf('exp')},sub(txn.now) gt 0`,
    setVar('genuine', 'bool(true)', 'if genuine !expires || genuine lives'),
    '  http-request unset-var(txn.token) unless { var(txn.genuine) -m bool }',
  ];
}

function tokenSample({ header, cookie }: TokenSource): [sample: string, condition?: string] {
  if (cookie !== undefined) return [`req.cook(${quoted(cookie)})`];
  if (header !== undefined) return [`req.fhdr(${quoted(header)})`, `if { req.fhdr_cnt(${quoted(header)}) eq 1 }`];
  return ['http_auth_bearer', 'if { req.fhdr_cnt(Authorization) eq 1 }'];
}

// 'int' keeps whole numbers as they are (else 1234567 would be 1.23457e+06) and leaves strings alone.
const claimOf = (claim: string): string => `jwt_payload_query('$.${quoted(claim)}','int')`;

function userLines({ userId, edge }: RouterLayout): string[] {
  const none = 'unless { var(txn.user) -m len gt 0 }';
  return [
    ...(userId.header === undefined ? [] : [setVar('user', `req.fhdr(${quoted(userId.header)})`, `if { req.fhdr_cnt(${quoted(userId.header)}) eq 1 }`)]),
    ...(userId.cookie === undefined ? [] : [setVar('user', `req.cook(${quoted(userId.cookie)})`, none)]),
    ...(userId.claim === undefined ? [] : [setVar('user', `var(txn.token),${claimOf(userId.claim)}`, none)]),
    ...(userId.address && !edge ? [setVar('user', 'req.hdr(X-Forwarded-For,1)', none)] : []),
    ...(userId.address ? [setVar('user', 'src', none)] : []),
    '  acl has_user var(txn.user) -m len gt 0',
  ];
}

function groupLines({ defaultSegment, segments }: RouterLayout): string[] {
  return [
    '  # A group is one whole value (fhdr never splits at commas); any other goes to production and is counted.',
    setVar('segment', `str(${quoted(defaultSegment)})`, `if { req.fhdr_cnt(${TRAFFIC_GROUP}) eq 0 }`),
    setVar('segment', 'str(repeated-group)', `if { req.fhdr_cnt(${TRAFFIC_GROUP}) gt 1 }`),
    `  acl known_group req.fhdr(${TRAFFIC_GROUP}) -m str -- ${segments.map(quoted).join(' ')}`,
    setVar('segment', `req.fhdr(${TRAFFIC_GROUP})`, `if { req.fhdr_cnt(${TRAFFIC_GROUP}) eq 1 } known_group`),
    setVar('segment', 'str(unknown-group)', `if { req.fhdr_cnt(${TRAFFIC_GROUP}) eq 1 } !known_group`),
    '  http-request track-sc0 var(txn.segment) table segment-counts',
  ];
}

function edgeLines({ defaultSegment, segmentRules }: RouterLayout): string[] {
  return [
    '  # At the edge a client does not choose its own group: what it says is counted and removed, and the edge says what it knows.',
    `  http-request track-sc1 str(${REMOVED_GROUP}) table segment-counts if { req.fhdr_cnt(${TRAFFIC_GROUP}) gt 0 }`,
    '  acl grouped var(txn.segment) -m found',
    ...segmentRules.map((rule) => setVar('segment', `str(${quoted(rule.segment)})`, `if !grouped ${fits(rule)}`)),
    setVar('segment', `str(${quoted(defaultSegment)})`, 'if !grouped'),
    '  http-request track-sc0 var(txn.segment) table segment-counts',
    `  http-request set-header ${TRAFFIC_GROUP} %[var(txn.segment)]`,
    '  http-request del-header X-Forwarded-For',
  ];
}

function fits(rule: SegmentRule): string {
  if ('users' in rule) return `{ var(txn.user) -m str -- ${words(rule.users)} }`;
  if ('networks' in rule) return `{ src -- ${words(rule.networks)} }`;
  const values = `-m str -- ${words(rule.values)}`;
  if ('claim' in rule) return `{ var(txn.token),${claimOf(rule.claim)} ${values} }`;
  if ('cookie' in rule) return `{ req.cook(${quoted(rule.cookie)}) ${values} }`;
  return `{ req.fhdr_cnt(${quoted(rule.header)}) eq 1 } { req.fhdr(${quoted(rule.header)}) ${values} }`;
}

const words = (values: readonly string[]): string => values.map(quoted).join(' ');
