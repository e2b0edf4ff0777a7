import { isDeepStrictEqual } from 'node:util';
import type { HttpRoute } from './kinds.ts';

/** Whether two specs send every request to the same place; what the API adds by default does not count. */
export function sameRoute(a: HttpRoute['spec'], b: HttpRoute['spec']): boolean {
  return isDeepStrictEqual(routed(a), routed(b));
}

const routed = ({ parentRefs, hostnames = [], rules }: HttpRoute['spec']): unknown[] => [
  parentRefs.map(({ group, kind, namespace, name, sectionName }) => [group, kind, namespace, name, sectionName]),
  hostnames,
  rules.map(({ matches, backendRefs, filters = [] }) => [
    matches.map(({ path, headers = [] }) => [path.type, path.value, headers.map(({ type, name, value }) => [type, name, value])]),
    backendRefs.map(({ group, kind, name, port, weight }) => [group, kind, name, port, weight]),
    filters,
  ]),
];
