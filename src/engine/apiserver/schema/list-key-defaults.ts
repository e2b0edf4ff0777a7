/**
 * Defaults of list keys that OpenAPI v2 leaves out. A list item that omits such a key is found under the default
 * (two ports of one number and no protocol are both TCP).
 */
export const listKeyDefaults: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map([
  ['io.k8s.api.core.v1.ContainerPort', { protocol: 'TCP' }],
  ['io.k8s.api.core.v1.ServicePort', { protocol: 'TCP' }],
]);
