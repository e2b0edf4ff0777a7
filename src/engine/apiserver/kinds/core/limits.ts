import type { LimitRangeItem, LimitRangeSpec, ResourceQuotaSpec } from '../../../../kubernetes/types.generated.ts';
import { compareQuantities, nanosOf } from '../../decode/quantity.ts';
import type { Findings } from '../../validation/field-error.ts';
import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';
import { roundList } from './pod/defaults.ts';
import { validateResourceAmount } from './pod/validate-resources.ts';

const LIMIT_TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims', 'configmaps', 'services.nodeports', 'services.loadbalancers', 'storage', 'requests.storage']);
const QUOTA_RESOURCES = new Set([...STANDARD_RESOURCES].filter((name) => name !== 'storage'));
const isStandardResource = (name: string): boolean => STANDARD_RESOURCES.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
const SCOPES = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'PriorityClass', 'CrossNamespacePodAffinity', 'VolumeAttributesClass']);

export const limitRange: KindRules = {
  group: '', version: 'v1', kind: 'LimitRange', namespaced: true,
  prepare(object, context) {
    object.metadata.name ??= context.uid();
  },
  default(object) {
    if (object['spec'].limits?.length === 0) object['spec'].limits = null;
    for (const limit of (object['spec'] as LimitRangeSpec).limits ?? []) {
      for (const list of LISTS) if (limit[list] !== undefined) roundList(limit[list]);
      if (limit.type !== 'Container') continue;
      const defaults = (limit.default ??= {});
      for (const name in limit.max) defaults[name] ??= limit.max[name] as string;
      const requests = (limit.defaultRequest ??= {});
      for (const name in defaults) requests[name] ??= defaults[name] as string;
      for (const name in limit.min) requests[name] ??= limit.min[name] as string;
      if (Object.keys(defaults).length === 0) delete limit.default;
      if (Object.keys(requests).length === 0) delete limit.defaultRequest;
    }
  },
  validate(object, found) {
    const types = new Set<string>();
    (object['spec'] as LimitRangeSpec).limits?.forEach((limit, i) => {
      const at = `spec.limits[${i}]`;
      if (limit.type === '' as string || qualifiedName(limit.type).length > 0) found.eachInvalid(`${at}.type`, limit.type, qualifiedName(limit.type));
      else if (!limit.type.includes('/') && !LIMIT_TYPES.has(limit.type)) found.invalid(`${at}.type`, limit.type, 'must be Pod, Container, PersistentVolumeClaim or have a domain');
      if (types.has(limit.type)) found.duplicate(`${at}.type`, limit.type);
      types.add(limit.type);
      validateItem(limit, at, found);
    });
  },
};

function validateItem(limit: LimitRangeItem, path: string, found: Findings): void {
  const names = new Set<string>();
  for (const list of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const) {
    if (limit.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(limit[list] ?? {}).length > 0) found.forbidden(`${path}.${list}`, 'has no meaning for the type Pod');
      continue;
    }
    for (const name in limit[list]) {
      names.add(name);
      validateLimitName(name, limit.type, `${path}.${list}[${name}]`, found);
    }
  }
  if (limit.type === 'PersistentVolumeClaim' && limit.min?.['storage'] === undefined && limit.max?.['storage'] === undefined) found.required(`${path}.limits`, 'a minimum or maximum of storage is needed');
  for (const name of names) {
    const min = limit.min?.[name], max = limit.max?.[name], standard = limit.default?.[name], request = limit.defaultRequest?.[name], ratio = limit.maxLimitRequestRatio?.[name];
    const above = (low: string | undefined, high: string | undefined): boolean => low !== undefined && high !== undefined && compareQuantities(low, high) > 0;
    if (above(min, max)) found.invalid(`${path}.min[${name}]`, min, `must be at most the maximum of ${max}`);
    if (above(min, request)) found.invalid(`${path}.defaultRequest[${name}]`, min, `must be at least the minimum of ${min}`);
    if (above(request, max)) found.invalid(`${path}.defaultRequest[${name}]`, request, `must be at most the maximum of ${max}`);
    if (above(request, standard)) found.invalid(`${path}.defaultRequest[${name}]`, request, `must be at most the default of ${standard}`);
    if (above(min, standard)) found.invalid(`${path}.default[${name}]`, standard, `must be at least the minimum of ${min}`);
    if (above(standard, max)) found.invalid(`${path}.default[${name}]`, standard, `must be at most the maximum of ${max}`);
    if (ratio !== undefined && compareQuantities(ratio, '1') < 0) found.invalid(`${path}.maxLimitRequestRatio[${name}]`, ratio, 'must be 1 or more');
    if (ratio !== undefined && min !== undefined && max !== undefined && Number(nanosOf(ratio)) / 1e9 > Number(nanosOf(max)) / Number(nanosOf(min))) found.invalid(`${path}.maxLimitRequestRatio[${name}]`, ratio, `must be at most max/min of ${max} and ${min}`);
  }
}

function validateLimitName(name: string, type: string, path: string, found: Findings): void {
  const messages = qualifiedName(name);
  if (messages.length > 0) found.eachInvalid(path, name, messages);
  else if (!name.includes('/')) {
    if (!isStandardResource(name)) found.invalid(path, name, 'must be a standard resource');
    const known = type === 'Pod' || type === 'Container' ? name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-') : STANDARD_RESOURCES.has(name);
    if (!known) found.invalid(path, name, 'must be a standard resource or have a domain');
  }
}

const EXISTING_SCOPES = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']);
const POD_RESOURCES = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);

function isCountedBy(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods';
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage';
  return !SCOPES.has(scope) || POD_RESOURCES.has(name);
}

export const resourceQuota: KindRules = {
  group: '', version: 'v1', kind: 'ResourceQuota', namespaced: true,
  default(object) {
    const hard = (object['spec'] as ResourceQuotaSpec).hard;
    if (hard !== undefined) roundList(hard);
  },
  validateUpdate(object, old, found) {
    const scopes = (spec: ResourceQuotaSpec): string[] => (spec.scopes ?? []).toSorted();
    found.immutable('spec.scopes', scopes(object['spec']), scopes(old['spec']));
  },
  validate(object, found) {
    const spec = object['spec'] as ResourceQuotaSpec;
    for (const name in spec.hard) {
      const at = `spec.hard[${name}]`;
      const messages = qualifiedName(name);
      if (messages.length > 0) found.eachInvalid(at, name, messages);
      else if (!name.includes('/')) {
        if (!isStandardResource(name)) found.invalid(at, name, 'must be a standard resource');
        if (!QUOTA_RESOURCES.has(name) && !/^(requests\.)?hugepages-/.test(name)) found.invalid(at, name, 'must be a standard quota resource or have a domain');
      }
      validateResourceAmount(name, spec.hard[name] as string, at, found);
    }
    for (const scope of spec.scopes ?? []) if (!SCOPES.has(scope)) found.invalid('spec.scopes', spec.scopes, `${scope} is no scope`);
    for (const scope of spec.scopes ?? []) for (const name in spec.hard) if (QUOTA_RESOURCES.has(name) && !isCountedBy(scope, name)) found.invalid('spec.scopes', spec.scopes, `${scope} has no meaning for ${name}`);
    const scopes = spec.scopes ?? [];
    if (scopes.includes('BestEffort') && scopes.includes('NotBestEffort')) found.invalid('spec.scopes', scopes, 'BestEffort and NotBestEffort exclude each other');
    if (scopes.includes('Terminating') && scopes.includes('NotTerminating')) found.invalid('spec.scopes', scopes, 'Terminating and NotTerminating exclude each other');
    spec.scopeSelector?.matchExpressions?.forEach((term) => {
      const at = 'spec.scopeSelector.matchExpressions';
      if (!SCOPES.has(term.scopeName)) found.invalid(`${at}.scopeName`, term.scopeName, 'is no scope');
      for (const name in spec.hard) if (QUOTA_RESOURCES.has(name) && !isCountedBy(term.scopeName, name)) found.invalid(at, spec.scopeSelector, `${term.scopeName} has no meaning for ${name}`);
      if (EXISTING_SCOPES.has(term.scopeName) && term.operator !== 'Exists') found.invalid(`${at}.operator`, term.operator, `must be Exists with the scope ${term.scopeName}`);
      switch (term.operator) {
        case 'In':
        case 'NotIn':
          if ((term.values?.length ?? 0) === 0) found.required(`${at}.values`);
          break;
        case 'Exists':
        case 'DoesNotExist':
          if ((term.values?.length ?? 0) > 0) found.invalid(`${at}.values`, term.values, 'must be empty');
          break;
        default:
          found.invalid(`${at}.operator`, term.operator, 'is no operator');
      }
    });
  },
  warnings: (object, old) => (old === undefined ? quotaWarnings((object['spec'] as ResourceQuotaSpec).hard ?? {}) : []),
};

/** Requests that a quota allows beyond the limits that it allows can never be made. */
function quotaWarnings(hard: Record<string, string>): string[] {
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((resource) => {
    const request = hard[`requests.${resource}`] !== undefined || resource.endsWith('storage') ? `requests.${resource}` : resource;
    const limit = `limits.${resource}`;
    if (hard[request] === undefined || hard[limit] === undefined || nanosOf(hard[request]) <= nanosOf(hard[limit])) return [];
    return [`spec.hard[${request}]: ${hard[request]} is more than ${limit}, ${hard[limit]}`];
  });
}
