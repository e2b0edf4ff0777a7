import type { ResourceRequirements } from '../../../../../kubernetes/types.generated.ts';
import { compareQuantities, nanosOf } from '../../../decode/quantity.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { qualifiedName } from '../../../validation/label.ts';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const STANDARD_RESOURCES = new Set(['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers', 'storage', 'requests.storage', ...['requests', 'limits'].flatMap((list) => ['cpu', 'memory', 'ephemeral-storage'].map((name) => `${list}.${name}`))]);
const NANO = 1_000_000_000n;

/** Names without a domain are the standard ones. */
export function validateContainerResourceName(name: string, path: string, found: Findings): void {
  if (CONTAINER_RESOURCES.has(name)) return;
  const messages = qualifiedName(name);
  if (messages.length > 0) {
    found.eachInvalid(path, name, messages);
    return;
  }
  if (!name.includes('/')) {
    if (name.startsWith('hugepages-')) return;
    if (!STANDARD_RESOURCES.has(name)) found.invalid(path, name, 'must be a standard resource');
    found.invalid(path, name, 'must be a resource of containers or have a domain');
  } else if (!isNativeResource(name) && !isExtendedResource(name)) found.invalid(path, name, 'must be a standard resource or have a domain other than kubernetes.io');
}

function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;
}

export function validateResourceAmount(name: string, value: string, path: string, found: Findings): void {
  const nanos = nanosOf(value);
  if (nanos < 0n) found.invalid(path, value, 'must be 0 or more');
  if (isIntegerResource(name) && nanos % NANO !== 0n) found.invalid(path, value, 'must be an integer');
}

const INTEGER_RESOURCES = new Set(['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers']);

export function isIntegerResource(name: string): boolean {
  return INTEGER_RESOURCES.has(name) || isExtendedResource(name);
}

export function validateResources(resources: ResourceRequirements | undefined, path: string, found: Findings, claims?: ReadonlySet<string>): void {
  if (resources === undefined) return;
  const { limits, requests } = resources;
  for (const name in limits) {
    const at = `${path}.limits[${name}]`;
    validateContainerResourceName(name, at, found);
    validateResourceAmount(name, limits[name] as string, at, found);
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`;
    const value = requests[name] as string;
    validateContainerResourceName(name, at, found);
    validateResourceAmount(name, value, at, found);
    const limit = limits?.[name];
    if (limit !== undefined) {
      if (compareQuantities(value, limit) > 0) found.invalid(`${path}.requests`, value, `must be at most the ${name} limit of ${limit}`);
      else if (!mayOvercommit(name) && compareQuantities(value, limit) !== 0) found.invalid(`${path}.requests`, value, `must be the ${name} limit of ${limit}`);
    } else if (!mayOvercommit(name)) found.required(`${path}.limits`, `${name} needs a limit`);
  }
  validateHugePages(resources, path, found);
  const seen = new Set<string>();
  resources.claims?.forEach((claim, i) => {
    const at = `${path}.claims[${i}]`;
    if (claim.name === '') found.required(`${at}.name`);
    else if (claims !== undefined && !claims.has(claim.name)) found.notFound(`${at}.name`, claim.name);
    const key = `${claim.name}/${claim.request ?? ''}`;
    if (seen.has(key)) found.duplicate(at, key);
    seen.add(key);
  });
}

function mayOvercommit(name: string): boolean {
  return isNativeResource(name) && !name.startsWith('hugepages-');
}

function validateHugePages({ limits, requests }: ResourceRequirements, path: string, found: Findings): void {
  const names = [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})];
  if (!names.some((name) => name.startsWith('hugepages-'))) return;
  if (!names.includes('cpu') && !names.includes('memory')) found.forbidden(path, 'huge pages need cpu or memory');
}
