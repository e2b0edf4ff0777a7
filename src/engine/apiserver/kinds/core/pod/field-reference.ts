import type { Findings } from '../../../validation/field-error.ts';
import { qualifiedName } from '../../../validation/label.ts';

const ENV_FIELDS = new Set(['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs']);
const FILE_FIELDS = new Set(['metadata.name', 'metadata.namespace', 'metadata.labels', 'metadata.annotations', 'metadata.uid']);
const OTHER_FIELDS = new Set(['status.phase', 'spec.restartPolicy', 'spec.schedulerName', 'status.nominatedNodeName', 'spec.hostNetwork']);
const SUBSCRIPTED = /^metadata\.(annotations|labels)\['(.*)'\]$/;
const RESOURCE_FIELDS = new Set(['limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage']);
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;
const CPU_DIVISORS = new Set(['1m', '1']);
const BYTE_DIVISORS = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']);

/** A field of the pod that a container may read as a variable or a file. */
export function validateFieldRef(ref: { apiVersion?: string; fieldPath: string }, use: 'env' | 'file', path: string, found: Findings): void {
  if (ref.apiVersion === undefined) {
    found.required(`${path}.apiVersion`);
    return;
  }
  if (ref.fieldPath === '') {
    found.required(`${path}.fieldPath`);
    return;
  }
  const known = use === 'env' ? ENV_FIELDS : FILE_FIELDS;
  const subscripted = SUBSCRIPTED.exec(ref.fieldPath);
  const readable = subscripted !== null || ENV_FIELDS.has(ref.fieldPath) || FILE_FIELDS.has(ref.fieldPath) || OTHER_FIELDS.has(ref.fieldPath);
  if (ref.apiVersion !== 'v1' || !readable) found.invalid(`${path}.fieldPath`, ref.fieldPath, `must be one of ${[...known].join(', ')}`);
  else if (subscripted !== null) {
    const key = subscripted[2] as string;
    found.eachInvalid(path, key, qualifiedName(subscripted[1] === 'annotations' ? key.toLowerCase() : key));
  } else if (!known.has(ref.fieldPath)) found.notSupported(`${path}.fieldPath`, ref.fieldPath, known);
}

export function validateResourceFieldRef(ref: { containerName?: string; resource: string; divisor?: string }, isVolume: boolean, path: string, found: Findings): void {
  if (isVolume && ref.containerName === undefined) found.required(`${path}.containerName`);
  else if (ref.resource === '') found.required(`${path}.resource`);
  else if (!RESOURCE_FIELDS.has(ref.resource) && !HUGE_PAGES.test(ref.resource)) found.notSupported(`${path}.resource`, ref.resource, RESOURCE_FIELDS);
  const { divisor = '0' } = ref;
  if (divisor === '0') return;
  const divisors = ref.resource.endsWith('.cpu') && RESOURCE_FIELDS.has(ref.resource) ? CPU_DIVISORS : RESOURCE_FIELDS.has(ref.resource) || HUGE_PAGES.test(ref.resource) ? BYTE_DIVISORS : undefined;
  if (divisors?.has(divisor) === false) found.invalid(`${path}.divisor`, divisor, `must be one of ${[...divisors].join(', ')}`);
}
