import { CONTROL_PORT, HEALTH_PORT, REASON_HEADER, type RouterLayout, RUN_DIR, slotName, SLOTS_PER_TRACK, TLS_DIR } from '../router-layout.ts';
import { accessLogLines } from './access-log.ts';
import { AWAIT_TOLD_GLOBAL, AWAIT_TOLD_LINES } from './await-told.ts';
import { quoted, setVar } from './config-line.ts';
import { identityLines } from './identity.ts';
import { marked } from './own-lines.ts';
import { ROUTING_MAP } from './routing-map.ts';

export const SEGMENT_COUNTS = 'segment-counts';
export const LATENCIES = 'latencies';
export const NO_BACKEND = '-';
/** WebSockets and streams of HTTP/2 may be silent for long. */
const STREAM_TIMEOUT = '1h';
const NO_ROUTE = `${NO_BACKEND}|0|-|0|production|open|-`;
const NO_PRODUCTION = `${NO_BACKEND}|${NO_BACKEND}|0|-|0|-`;

export const slotsOf = (layout: Pick<RouterLayout, 'tracks'>): string[] => layout.tracks.flatMap((t) => Array.from({ length: SLOTS_PER_TRACK }, (_, i) => slotName(t.name, i)));

/**
 * What a router knows before it was told: nothing, and it is not ready. Keys:
 * `ready` 0 or 1; `switch` when the routes last changed, in milliseconds since the epoch;
 * `segment:NAME` `slot|share|seed|floor|refuse or production|open or closed|listed or -`;
 * `user:SEGMENT/SHA-256 of the user id` `in` or `out`, for segments that are `listed`, for production without a segment;
 * `production` `slot|next slot|next share|seed|next floor|listed or -`; `slot:NAME` `backend|track|version`.
 */
export function initialRoutingMap(layout: RouterLayout): string {
  return [
    'ready 0',
    'switch 0',
    ...layout.segments.map((s) => `segment:${s} ${NO_ROUTE}`),
    `production ${NO_PRODUCTION}`,
    ...slotsOf(layout).map((s) => `slot:${s} ${NO_BACKEND}|${NO_BACKEND}|${NO_BACKEND}`),
    '',
  ].join('\n');
}

/** A whole haproxy.cfg for HAProxy 2.6 and later. Nothing in it changes with a release: versions, servers and routes are told through the Runtime API. */
export function haproxyConfig(layout: RouterLayout): string {
  return [globalPart(layout), requestsPart(layout), otherFrontends(), ...layout.tracks.flatMap((t) => slots(layout, t.name, t.servers)), ''].join('\n');
}

function globalPart({ extra, application, drainSeconds, http2 }: RouterLayout): string {
  const own = new Set((extra.global ?? '').split('\n').map((l) => l.trim().split(/\s+/)[0]));
  return `# Router of ${application}. Made from the Application: change spec.router there, lines of your own included.
global
  log stdout format raw local0
  stats socket unix@${RUN_DIR}/admin.sock mode 600 level admin
  stats timeout 1m
  hard-stop-after ${drainSeconds}s
  no strict-limits
${AWAIT_TOLD_GLOBAL}
${own.has('maxconn') ? '' : '  maxconn 8000\n'}${own.has('nbthread') ? '' : '  nbthread 1\n'}${marked('global', extra.global)}
defaults
  mode http
  log global
  option dontlognull
  timeout connect 2s
  timeout client ${http2 ? STREAM_TIMEOUT : '60s'}
  timeout server ${http2 ? STREAM_TIMEOUT : '60s'}
  timeout http-request 30s
  timeout http-keep-alive 60s
  timeout queue 5s
  timeout tunnel ${STREAM_TIMEOUT}
  retries 3
  option redispatch 1
  retry-on conn-failure
  default-server check inter 2s fall 2 rise 1 pool-purge-delay 2s init-addr last,libc,none
${marked('defaults', extra.defaults)}
# Counts requests by segment, those with a value that is refused included: 'show table ${SEGMENT_COUNTS}'.
backend ${SEGMENT_COUNTS}
  stick-table type string len 64 size 1k store http_req_cnt

# Counts answers by slot and latency: the number of digits of its microseconds, and the first two of them.
backend ${LATENCIES}
  stick-table type string len 32 size 20k store http_req_cnt
`;
}

function requestsPart(layout: RouterLayout): string {
  const { port, extra } = layout;
  const lines = [
    'frontend requests',
    `  bind "\${POD_IP}:${port}"`,
    '  option idle-close-on-response',
    ...AWAIT_TOLD_LINES,
    setVar('began', 'date(0,us)'),
    ...accessLogLines(layout),
    ...identityLines(layout),
    '  # One entry a segment decides; the router checks the floor itself too, for when nobody can tell it.',
    setVar('route', `str(segment:),concat(,txn.segment),map_str(${ROUTING_MAP},${quoted(NO_ROUTE)})`),
    setVar('target', 'var(txn.route),field(1,|)'),
    setVar('share', 'var(txn.route),field(2,|),add(0)'),
    setVar('seed', 'var(txn.route),field(3,|)'),
    setVar('floor', 'var(txn.route),field(4,|),add(0)'),
    '  # Users who are always in or always out, by the digest of their id: no id stands in a map.',
    '  acl listed var(txn.route),field(7,|) listed',
    setVar('digest', 'var(txn.user),sha2(256),hex', 'if listed has_user'),
    setVar('listed', `str(user:),concat(,txn.segment),concat(/,txn.digest),map_str(${ROUTING_MAP})`, 'if listed has_user'),
    setVar('share', 'int(10000)', 'if { var(txn.listed) -m str in }'),
    setVar('share', 'int(0)', 'if { var(txn.listed) -m str out }'),
    setVar('bucket', 'var(txn.seed),concat(/,txn.user),xxh32,mod(10000)', 'if has_user'),
    setVar('bucket', 'rand(10000)', 'unless has_user'),
    '  acl in_share var(txn.bucket),sub(txn.share) lt 0',
    ...usableServers('servers', 'target'),
    '  acl below_floor var(txn.servers),sub(txn.floor) lt 0',
    '  acl no_server var(txn.servers),add(0) eq 0',
    '  acl closed var(txn.route),field(6,|) closed',
    '  acl refuses var(txn.route),field(5,|) refuse',
    setVar('refused', 'bool(true)', 'if in_share refuses below_floor || in_share refuses closed || in_share refuses no_server'),
    `  http-request return status 503 content-type text/plain hdr ${REASON_HEADER} BelowFloor hdr Retry-After 1 lf-string "Group %[var(txn.segment)] has fewer ready servers than its floor of %[var(txn.floor)], and does not fall back to production\\n" if { var(txn.refused) -m bool }`,
    setVar('backend', 'var(txn.target)', 'if in_share !below_floor !closed !no_server'),
    '  # Production takes whom no other track takes; its next version may have a share of them.',
    `  acl placed var(txn.backend) -m found`,
    setVar('main', `str(production),map_str(${ROUTING_MAP},${quoted(NO_PRODUCTION)})`, 'unless placed'),
    setVar('next', 'var(txn.main),field(2,|)', 'unless placed'),
    setVar('nextshare', 'var(txn.main),field(3,|),add(0)', 'unless placed'),
    setVar('seed', 'var(txn.main),field(4,|)', 'unless placed'),
    setVar('nextfloor', 'var(txn.main),field(5,|),add(0)', 'unless placed'),
    setVar('bucket', 'var(txn.seed),concat(/,txn.user),xxh32,mod(10000)', 'if !placed has_user'),
    '  # Users who are first or last while it takes over.',
    '  acl next_listed var(txn.main),field(6,|) listed',
    '  acl next_shared var(txn.nextshare),add(0) gt 0',
    setVar('digest', 'var(txn.user),sha2(256),hex', 'if !placed next_shared next_listed has_user'),
    setVar('nextlisted', `str(user:/),concat(,txn.digest),map_str(${ROUTING_MAP})`, 'if !placed next_shared next_listed has_user'),
    setVar('nextshare', 'int(10000)', 'if { var(txn.nextlisted) -m str in }'),
    setVar('nextshare', 'int(0)', 'if { var(txn.nextlisted) -m str out }'),
    '  acl in_next var(txn.bucket),sub(txn.nextshare) lt 0',
    ...usableServers('nextservers', 'next'),
    '  acl next_below var(txn.nextservers),sub(txn.nextfloor) lt 0',
    '  acl next_empty var(txn.nextservers),add(0) eq 0',
    setVar('backend', 'var(txn.next)', 'if !placed in_next !next_below !next_empty'),
    setVar('backend', 'var(txn.main),field(1,|)', 'unless { var(txn.backend) -m found }'),
    `  http-request return status 503 content-type text/plain hdr ${REASON_HEADER} NoProduction hdr Retry-After 1 string "No version is in production yet\\n" if { var(txn.backend) -m str -- ${NO_BACKEND} }`,
    setVar('version', `str(slot:),concat(,txn.backend),map_str(${ROUTING_MAP},-|-|-)`),
    '  option forwardfor',
    '  http-request set-header X-Forwarded-Proto http unless { req.hdr(X-Forwarded-Proto) -m found }',
    '  http-request set-header X-Forwarded-Host %[req.hdr(Host)] unless { req.hdr(X-Forwarded-Host) -m found }',
    '  http-response set-var(txn.took) date(0,us),sub(txn.began),concat()',
    '  http-response set-var(txn.digits) var(txn.took),length',
    '  http-response set-var(txn.lead) var(txn.took),bytes(0,2)',
    `  http-response track-sc2 var(txn.backend),concat(/,txn.digits),concat(/,txn.lead) table ${LATENCIES}`,
    marked('frontend', extra.frontend),
    '  use_backend %[var(txn.backend)]',
    '',
  ];
  return lines.join('\n');
}

function otherFrontends(): string {
  return `# For probes: ready only once told and read back.
frontend health
  bind "\${POD_IP}:${HEALTH_PORT}"
  option dontlog-normal
  http-request return status 200 content-type text/plain string "live\\n" if { path /live }
  http-request return status 200 content-type text/plain string "ready\\n" if { path /ready } { str(ready),map_str(${ROUTING_MAP},0) -m str 1 }
  http-request return status 503 content-type text/plain string "not told yet\\n"

# The Runtime API, for holders of a client certificate. A TLS frontend, since 'stats socket ... ssl' would serve plain text.
frontend control
  mode tcp
  option dontlog-normal
  timeout client 1m
  bind "\${POD_IP}:${CONTROL_PORT}" ssl crt ${TLS_DIR}/router.pem ca-file ${TLS_DIR}/ca.crt verify required ssl-min-ver TLSv1.3
  default_backend control

backend control
  mode tcp
  timeout server 1m
  server runtime unix@${RUN_DIR}/admin.sock no-check
`;
}

function slots({ extra, http2 }: RouterLayout, track: string, servers: number): string[] {
  return Array.from({ length: SLOTS_PER_TRACK }, (_, i) =>
    [`backend ${slotName(track, i)}`, '  balance roundrobin', marked('backend', extra.backend), `  server-template s 1-${servers} 127.0.0.1:1 disabled${http2 ? ' proto h2' : ''}`, ''].join('\n'),
  );
}

/** Servers of a backend that take requests. One that stops counts none of its own any more, and would answer what comes on connections that it
 *  still has with 503 or from production: it believes what it was told last. */
function usableServers(name: string, backend: string): string[] {
  return [setVar(name, `var(txn.${backend}),nbsrv`, 'unless { stopping }'), setVar(name, 'int(1000000)', 'if { stopping }')];
}
