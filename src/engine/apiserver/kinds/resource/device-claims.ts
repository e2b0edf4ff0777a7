import type { ObjectMeta } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateTemplateMeta } from '../../validation/object-meta.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateDriverName } from '../core/pod/volume-sources.ts';
import { validateDeviceExpression } from './device-expression.ts';
import { validateFullAttributeName } from './device-names.ts';

const GROUP = 'resource.k8s.io';
const MODES = new Set(['All', 'ExactCount']);
const MAX_REQUESTS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_PARAMETERS = 10 * 1024;

interface Selector { cel?: { expression: string } }
interface Exact { deviceClassName: string; allocationMode?: string; count?: number; selectors?: Selector[]; tolerations?: unknown; capacity?: unknown }
interface Request { name: string; exactly?: Exact; firstAvailable?: (Exact & { name: string })[] }
interface Constraint { requests?: string[]; matchAttribute?: string; distinctAttribute?: string }
interface Configuration { requests?: string[]; opaque?: { driver: string; parameters?: unknown } }
interface Devices { requests?: Request[]; constraints?: Constraint[]; config?: Configuration[] }

function defaultDevices(devices: Devices | undefined): void {
  for (const request of devices?.requests ?? []) for (const part of [request.exactly, ...(request.firstAvailable ?? [])]) {
    if (part === undefined) continue;
    part.allocationMode ??= 'ExactCount';
    if (part.allocationMode === 'ExactCount') part.count ??= 1;
    // Known to Kubernetes 1.35, and switched off.
    delete part.tolerations;
    delete part.capacity;
  }
  for (const constraint of devices?.constraints ?? []) delete constraint.distinctAttribute;
}

/** Each once, each checked; more than `max` and nothing else is looked at. */
function validateSet<T>(items: readonly T[] | undefined, max: number, path: string, found: Findings, keyOf: (item: T) => string | undefined, check: (item: T, at: string) => void): void {
  if (items === undefined || items === null) return;
  if (items.length > max) {
    found.tooMany(path, `must be at most ${max}`);
    return;
  }
  const seen = new Set<string>();
  items.forEach((item, i) => {
    check(item, `${path}[${i}]`);
    const key = keyOf(item);
    if (key !== undefined && seen.has(key)) found.duplicate(`${path}[${i}]`, key);
    if (key !== undefined) seen.add(key);
  });
}

function validateDevices(devices: Devices | undefined, path: string, found: Findings): void {
  const names = new Map((devices?.requests ?? []).map((request) => [request.name, new Set((request.firstAvailable ?? []).map((part) => part.name))]));
  const validateReference = (name: string, at: string): void => {
    const parts = name.split('/');
    if (parts.length <= 2) for (const part of parts) found.eachInvalid(at, part, dnsLabel(part));
    const [request = '', part] = parts;
    if (parts.length > 2 || !names.has(request) || (part !== undefined && names.get(request)?.has(part) !== true)) found.invalid(at, name, 'must name a request, or a request and one of its alternatives');
  };
  const validateReferences = (requests: readonly string[] | undefined, at: string): void => validateSet(requests, MAX_REQUESTS, `${at}.requests`, found, (name) => name, validateReference);
  validateSet(devices?.requests, MAX_REQUESTS, `${path}.requests`, found, (request) => request.name, (request, at) => validateRequest(request, at, found));
  validateSet(devices?.constraints, MAX_REQUESTS, `${path}.constraints`, found, () => undefined, (constraint, at) => {
    validateReferences(constraint.requests, at);
    if (constraint.matchAttribute === undefined) found.required(`${at}.matchAttribute`);
    else validateFullAttributeName(constraint.matchAttribute, `${at}.matchAttribute`, found);
  });
  validateSet(devices?.config, MAX_REQUESTS, `${path}.config`, found, () => undefined, (config, at) => {
    validateReferences(config.requests, at);
    validateConfiguration(config, at, found);
  });
}

function validateRequest(request: Request, path: string, found: Findings): void {
  found.eachInvalid(`${path}.name`, request.name, dnsLabel(request.name));
  if (request.exactly === undefined && request.firstAvailable === undefined) found.required(path, 'exactly or firstAvailable is needed');
  else if (request.exactly !== undefined && request.firstAvailable !== undefined) found.invalid(path, request.name, 'one of exactly and firstAvailable may be given');
  else if (request.exactly !== undefined) validateExact(request.exactly, `${path}.exactly`, found);
  else validateSet(request.firstAvailable, MAX_ALTERNATIVES, `${path}.firstAvailable`, found, (part) => part.name, (part, at) => {
    found.eachInvalid(`${at}.name`, part.name, dnsLabel(part.name));
    validateExact(part, at, found);
  });
}

function validateExact(part: Exact, path: string, found: Findings): void {
  if (part.deviceClassName === '') found.required(`${path}.deviceClassName`);
  else found.eachInvalid(`${path}.deviceClassName`, part.deviceClassName, dnsSubdomain(part.deviceClassName));
  validateSelectors(part.selectors, `${path}.selectors`, found);
  if (!MODES.has(part.allocationMode ?? '')) found.notSupported(`${path}.allocationMode`, part.allocationMode, MODES);
  else if (part.allocationMode === 'All') {
    if ((part.count ?? 0) !== 0) found.invalid(`${path}.count`, part.count, 'has no meaning with the mode All');
  } else if ((part.count ?? 0) <= 0) found.invalid(`${path}.count`, part.count, 'must be 1 or more');
}

function validateSelectors(selectors: readonly Selector[] | undefined, path: string, found: Findings): void {
  validateSet(selectors, MAX_REQUESTS, path, found, () => undefined, ({ cel }, at) => {
    if (cel === undefined) found.required(`${at}.cel`);
    else validateDeviceExpression(cel.expression, `${at}.cel.expression`, found);
  });
}

function validateConfiguration({ opaque }: Configuration, path: string, found: Findings): void {
  if (opaque === undefined) {
    found.required(`${path}.opaque`);
    return;
  }
  validateDriverName(opaque.driver, `${path}.opaque.driver`, found);
  const { parameters } = opaque;
  const at = `${path}.opaque.parameters`;
  if (parameters === undefined || parameters === null) found.required(at);
  else if (JSON.stringify(parameters).length > MAX_PARAMETERS) found.tooLong(at, `must be at most ${MAX_PARAMETERS} bytes`);
  else if (typeof parameters !== 'object' || Array.isArray(parameters)) found.invalid(at, '<parameters>', 'must be an object');
}

export const deviceClass: KindRules = {
  group: GROUP, version: 'v1', kind: 'DeviceClass', namespaced: false, anyGenerateName: true, generation: true,
  default(object) {
    delete object['spec'].extendedResourceName;
  },
  validate(object, found) {
    const spec = object['spec'] as { selectors?: Selector[]; config?: Configuration[] };
    validateSelectors(spec.selectors, 'spec.selectors', found);
    validateSet(spec.config, MAX_REQUESTS, 'spec.config', found, () => undefined, (config, at) => validateConfiguration(config, at, found));
  },
};

export const resourceClaim: KindRules = {
  group: GROUP, version: 'v1', kind: 'ResourceClaim', namespaced: true,
  default: (object) => defaultDevices(object['spec'].devices),
  updateValidatesAlone: true,
  validate: (object, found) => validateDevices(object['spec'].devices, 'spec.devices', found),
  validateUpdate: (object, old, found) => found.immutable('spec', object['spec'], old['spec']),
};

export const resourceClaimTemplate: KindRules = {
  group: GROUP, version: 'v1', kind: 'ResourceClaimTemplate', namespaced: true,
  default: (object) => defaultDevices(object['spec'].spec.devices),
  validate(object, found) {
    const { metadata, spec } = object['spec'] as { metadata?: ObjectMeta; spec: { devices?: Devices } };
    validateTemplateMeta(metadata, 'spec.metadata', found);
    validateDevices(spec.devices, 'spec.spec.devices', found);
  },
  validateUpdate: (object, old, found) => found.immutable('spec', object['spec'], old['spec']),
};
