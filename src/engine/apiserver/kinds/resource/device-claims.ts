import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';

const GROUP = 'resource.k8s.io';
const MODES = new Set(['All', 'ExactCount']);

interface Exact { deviceClassName: string; allocationMode?: string; count?: number }
interface Request { name: string; exactly?: Exact; firstAvailable?: (Exact & { name: string })[] }
interface Devices { requests?: Request[] }

function defaultDevices(devices: Devices | undefined): void {
  if (devices?.requests?.length === 0) devices.requests = null as never;
  for (const request of devices?.requests ?? []) for (const part of [request.exactly, ...(request.firstAvailable ?? [])]) {
    if (part === undefined) continue;
    part.allocationMode ??= 'ExactCount';
    if (part.allocationMode === 'ExactCount') part.count ??= 1;
  }
}

function validateDevices(devices: Devices | undefined, path: string, found: Findings): void {
  const names = new Set<string>();
  devices?.requests?.forEach((request, i) => {
    const at = `${path}.requests[${i}]`;
    found.eachInvalid(`${at}.name`, request.name, dnsLabel(request.name));
    if (names.has(request.name)) found.duplicate(at, request.name);
    names.add(request.name);
    if (request.exactly === undefined && request.firstAvailable === undefined) found.required(at, 'exactly or firstAvailable is needed');
    else if (request.exactly !== undefined && request.firstAvailable !== undefined) found.invalid(at, request.name, 'one of exactly and firstAvailable may be given');
    else if (request.exactly !== undefined) validateExact(request.exactly, `${at}.exactly`, found);
    else request.firstAvailable?.forEach((part, j) => validateExact(part, `${at}.firstAvailable[${j}]`, found));
  });
}

function validateExact(part: Exact, path: string, found: Findings): void {
  if (part.deviceClassName === '') found.required(`${path}.deviceClassName`);
  else found.eachInvalid(`${path}.deviceClassName`, part.deviceClassName, dnsSubdomain(part.deviceClassName));
  if (!MODES.has(part.allocationMode ?? '')) found.notSupported(`${path}.allocationMode`, part.allocationMode, MODES);
  else if (part.allocationMode === 'All') {
    if ((part.count ?? 0) !== 0) found.invalid(`${path}.count`, part.count, 'has no meaning with the mode All');
  } else if ((part.count ?? 0) <= 0) found.invalid(`${path}.count`, part.count, 'must be 1 or more');
}

export const deviceClass: KindRules = {
  group: GROUP, version: 'v1', kind: 'DeviceClass', namespaced: false, generation: true,
  validate(object, found) {
    (object['spec'].selectors as { cel?: { expression: string } }[] | undefined)?.forEach(({ cel }, i) => {
      if (cel === undefined) found.required(`spec.selectors[${i}].cel`);
      else if (cel.expression.trim() === '') found.invalid(`spec.selectors[${i}].cel.expression`, cel.expression, 'must not be empty');
    });
  },
};

export const resourceClaim: KindRules = {
  group: GROUP, version: 'v1', kind: 'ResourceClaim', namespaced: true,
  default: (object) => defaultDevices(object['spec'].devices),
  validate: (object, found) => validateDevices(object['spec'].devices, 'spec.devices', found),
  validateUpdate: (object, old, found) => found.immutable('spec', object['spec'], old['spec']),
};

export const resourceClaimTemplate: KindRules = {
  group: GROUP, version: 'v1', kind: 'ResourceClaimTemplate', namespaced: true,
  default: (object) => defaultDevices(object['spec'].spec.devices),
  validate: (object, found) => validateDevices(object['spec'].spec.devices, 'spec.spec.devices', found),
  validateUpdate: (object, old, found) => found.immutable('spec', object['spec'], old['spec']),
};
