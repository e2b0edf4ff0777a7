import type { ResourceRequirements } from '../../../../../kubernetes/types.generated.ts';
import { compareQuantities, hasFraction, nanosOf, parseQuantity } from '../../../decode/quantity.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { dnsLabel } from '../../../validation/dns-name.ts';
import { qualifiedName } from '../../../validation/label.ts';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const STANDARD_RESOURCES = new Set(['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers', 'storage', 'requests.storage', ...['requests', 'limits'].flatMap((list) => ['cpu', 'memory', 'ephemeral-storage'].map((name) => `${list}.${name}`))]);

/** Names without a domain are the standard ones. */
export function validateContainerResourceName(name: string, path: string, found: Findings): void {
  if (CONTAINER_RESOURCES.has(name)) return;
  const messages = qualifiedName(name);
  found.eachInvalid(path, name, messages);
  if (!name.includes('/')) {
    if (name.startsWith('hugepages-')) return;
    if (messages.length === 0 && !STANDARD_RESOURCES.has(name)) found.invalid(path, name, 'must be a standard resource');
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
  if (isIntegerResource(name) && hasFraction(value)) found.invalid(path, value, 'must be an integer');
}

const INTEGER_RESOURCES = new Set(['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers']);

export function isIntegerResource(name: string): boolean {
  return INTEGER_RESOURCES.has(name) || isExtendedResource(name);
}

/** @param podLevel of a pod as a whole: which names it takes */
export function validateResources(resources: ResourceRequirements | undefined, path: string, found: Findings, claims?: ReadonlySet<string>, podLevel?: (name: string) => boolean): void {
  if (resources === undefined) return;
  const validateName = podLevel === undefined ? validateContainerResourceName : (name: string, at: string): void => validatePodResourceName(name, podLevel, at, found);
  const { limits, requests } = resources;
  for (const name in limits) {
    const at = `${path}.limits[${name}]`;
    validateName(name, at, found);
    validateResourceAmount(name, limits[name] as string, at, found);
    validateHugePageAmount(name, limits[name] as string, at, found);
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`;
    const value = requests[name] as string;
    validateName(name, at, found);
    validateResourceAmount(name, value, at, found);
    validateHugePageAmount(name, value, at, found);
    const limit = limits?.[name];
    if (limit !== undefined) {
      if (compareQuantities(value, limit) > 0) found.invalid(`${path}.requests`, value, `must be at most the ${name} limit of ${limit}`);
      else if (!mayOvercommit(name) && compareQuantities(value, limit) !== 0) found.invalid(`${path}.requests`, value, `must be the ${name} limit of ${limit}`);
    } else if (!mayOvercommit(name)) found.required(`${path}.limits`, `${name} needs a limit`);
  }
  validateHugePages(resources, path, found);
  if (resources.claims !== undefined) validateClaimNames(resources.claims, claims, `${path}.claims`, found);
}

/** A container names claims of its pod, whole or by request; neither twice. */
function validateClaimNames(named: NonNullable<ResourceRequirements['claims']>, claims: ReadonlySet<string> | undefined, path: string, found: Findings): void {
  const seen = new Set<string>();
  named.forEach(({ name, request = '' }, i) => {
    const at = `${path}[${i}]`;
    if (name === '') {
      found.required(at);
      return;
    }
    if (request !== '' && !seen.has(name)) found.eachInvalid(`${at}.request`, request, dnsLabel(request));
    const key = request === '' ? name : `${name}/${request}`;
    if (seen.has(name) || seen.has(key) || (request === '' && [...seen].some((other) => other.startsWith(`${name}/`)))) found.duplicate(at, key);
    seen.add(key);
    if (claims !== undefined && !claims.has(name)) found.notFound(at, name);
  });
}

function validatePodResourceName(name: string, isSupported: (name: string) => boolean, path: string, found: Findings): void {
  const messages = qualifiedName(name);
  if (messages.length > 0) found.eachInvalid(path, name, messages);
  else if (!name.includes('/') && !isStandardResourceName(name)) found.invalid(path, name, 'must be a standard resource');
  else if (!isSupported(name)) found.notSupported(path, name, ['cpu', 'memory', 'hugepages-…']);
}

function isStandardResourceName(name: string): boolean {
  return CONTAINER_RESOURCES.has(name) || STANDARD_RESOURCES.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
}

function validateHugePageAmount(name: string, value: string, path: string, found: Findings): void {
  if (!name.startsWith('hugepages-')) return;
  const page = parseQuantity(name.slice('hugepages-'.length));
  if (page === undefined || page.nanos <= 0n || nanosOf(value) < 0n || nanosOf(value) % page.nanos !== 0n) found.invalid(path, value, `must be a multiple of ${name.slice('hugepages-'.length)}`);
}

function mayOvercommit(name: string): boolean {
  return isNativeResource(name) && !name.startsWith('hugepages-');
}

function validateHugePages({ limits, requests }: ResourceRequirements, path: string, found: Findings): void {
  const names = [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})];
  if (!names.some((name) => name.startsWith('hugepages-'))) return;
  if (!names.includes('cpu') && !names.includes('memory')) found.forbidden(path, 'huge pages need cpu or memory');
}
