/** A Warning text that every request of a deprecated kind gets, whatever its answer; undefined for all others. */
export function deprecationOf(group: string, version: string, kind: string): string | undefined {
  if (group === '' && version === 'v1' && kind === 'Endpoints') return 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice';
  if (group === '' && version === 'v1' && kind === 'ComponentStatus') return 'v1 ComponentStatus is deprecated in v1.19+';
  return undefined;
}
