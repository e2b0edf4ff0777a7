import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { GatewayRouting } from '../../../api/router/gateway.ts';
import type { HttpRoute, HttpRouteRule } from './kinds.ts';

/** The header by which a probe asks for one version of a route, and what a data plane that has it redirects to: https://www.rfc-editor.org/rfc/rfc6761#section-6.4 */
const HEADER = 'X-Aweigh-Probe';
const ANSWER_DOMAIN = 'probe.invalid';
const TIMEOUT_MS = 2_000;

export interface ProbeResult {
  readonly asked: number;
  /** Answered by that very version of the route. */
  readonly follow: number;
  /** Why a request got no answer; absent: all did. */
  readonly fault?: string;
}

/** A rule that answers probes for this version alone; users, who do not send the header, never meet it. @param version a DNS label, another for each write */
export const probeRule = (version: string): HttpRouteRule => ({
  matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [{ type: 'Exact', name: HEADER, value: version }] }],
  backendRefs: [],
  filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: `${version}.${ANSWER_DOMAIN}`, statusCode: 302 } }],
});

/** The version that probes of a route ask for; undefined: it answers none. */
export const probedVersion = ({ rules }: HttpRoute['spec']): string | undefined => rules.flatMap((r) => r.matches.flatMap((m) => m.headers ?? [])).find((h) => h.name === HEADER)?.value;

/** The route as users meet it. */
export const withoutProbe = (spec: HttpRoute['spec']): HttpRoute['spec'] => ({ ...spec, rules: spec.rules.filter((rule) => !rule.matches.some((m) => m.headers?.some((h) => h.name === HEADER))) });

/** Asks a data plane, each time on a connection of its own, so that several instances of it are met, whether it has that version of the route. */
export async function probe({ url, times }: Required<NonNullable<GatewayRouting['probe']>>, hostname: string | undefined, version: string, signal: AbortSignal): Promise<ProbeResult> {
  const answers = await Promise.all(Array.from({ length: times }, () => ask(url, hostname?.replace(/^\*/, 'probe'), version, signal)));
  const fault = answers.find((a) => a.fault !== undefined)?.fault;
  return { asked: times, follow: answers.filter((a) => a.location === `${version}.${ANSWER_DOMAIN}`).length, ...(fault === undefined ? {} : { fault }) };
}

function ask(url: string, hostname: string | undefined, version: string, signal: AbortSignal): Promise<{ readonly location?: string; readonly fault?: string }> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send(new URL('/', url), { agent: false, headers: { [HEADER]: version, ...(hostname === undefined ? {} : { Host: hostname }) }, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) }, (reply) => {
      reply.resume();
      const location = reply.headers.location;
      resolve(location === undefined ? {} : { location: hostOf(location, url) });
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ fault: error.code ?? error.message }));
    request.end();
  });
}

/** Some redirect by `//host/`, without a scheme. */
function hostOf(location: string, asked: string): string {
  try {
    return new URL(location, asked).hostname;
  } catch {
    return '';
  }
}
