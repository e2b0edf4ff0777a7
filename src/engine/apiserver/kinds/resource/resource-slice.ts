import type { NodeSelector } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateNodeSelector } from '../core/pod/validate-scheduling.ts';
import { validateDriverName } from '../core/pod/volume-sources.ts';
import { validateAttributeName, validatePoolName } from './device-names.ts';

const MAX_DEVICES = 128;
const MAX_ATTRIBUTES = 32;
const MAX_VALUE = 64;
const SEMANTIC_VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;
const WHERE = ['nodeName', 'nodeSelector', 'allNodes'] as const;
/** Known to Kubernetes 1.35, and switched off. */
const SWITCHED_OFF = ['taints', 'consumesCounters', 'nodeName', 'nodeSelector', 'allNodes', 'bindingConditions', 'bindingFailureConditions', 'bindsToNode', 'allowMultipleAllocations'] as const;

type Attribute = { bool?: boolean; int?: number; string?: string; version?: string };
interface Device { name: string; attributes?: Record<string, Attribute>; capacity?: Record<string, { requestPolicy?: unknown }>; [switchedOff: string]: unknown }
interface Spec {
  driver: string;
  pool: { name: string; generation: number; resourceSliceCount: number };
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
  devices?: Device[];
  sharedCounters?: unknown;
  perDeviceNodeSelection?: unknown;
}

/** The devices that one driver has on one node, or for many. */
export const resourceSlice: KindRules = {
  group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSlice', namespaced: false, generation: true,
  default(object) {
    const spec = object['spec'] as Spec;
    delete spec.sharedCounters;
    delete spec.perDeviceNodeSelection;
    for (const device of spec.devices ?? []) {
      for (const field of SWITCHED_OFF) delete device[field];
      for (const name in device.capacity) delete device.capacity[name]?.requestPolicy;
    }
  },
  warnings({ spec }) {
    const { driver } = spec as Spec;
    return driver === driver.toLowerCase() ? [] : [`spec.driver: ${driver} should be in lower case`];
  },
  validate: (object, found) => validateSpec(object['spec'] as Spec, found),
  validateUpdate(object, old, found) {
    const spec = object['spec'] as Spec, before = old['spec'] as Spec;
    found.immutable('spec.pool.name', spec.pool.name, before.pool.name);
    found.immutable('spec.driver', spec.driver, before.driver);
    found.immutable('spec.nodeName', spec.nodeName, before.nodeName);
  },
};

function validateSpec(spec: Spec, found: Findings): void {
  validateDriverName(spec.driver, 'spec.driver', found);
  validatePoolName(spec.pool.name, 'spec.pool.name', found);
  if (spec.pool.resourceSliceCount <= 0) found.invalid('spec.pool.resourceSliceCount', spec.pool.resourceSliceCount, 'must be 1 or more');
  found.nonNegative('spec.pool.generation', spec.pool.generation);
  validateWhere(spec, found);
  const devices = spec.devices ?? [];
  if (devices.length > MAX_DEVICES) {
    found.tooMany('spec.devices', `must be at most ${MAX_DEVICES}`);
    return;
  }
  const names = new Set<string>();
  devices.forEach((device, i) => {
    validateDevice(device, `spec.devices[${i}]`, found);
    if (names.has(device.name)) found.duplicate(`spec.devices[${i}]`, device.name);
    names.add(device.name);
  });
}

/** A slice says in one way which nodes reach its devices. */
function validateWhere(spec: Spec, found: Findings): void {
  if (spec.nodeName === '') found.invalid('spec.nodeName', '', 'must not be empty');
  else if (spec.nodeName !== undefined) found.eachInvalid('spec.nodeName', spec.nodeName, dnsSubdomain(spec.nodeName));
  if (spec.nodeSelector !== undefined) {
    validateNodeSelector(spec.nodeSelector, 'spec.nodeSelector', found);
    if (spec.nodeSelector.nodeSelectorTerms?.length !== 1) found.invalid('spec.nodeSelector.nodeSelectorTerms', spec.nodeSelector.nodeSelectorTerms, 'must be one term');
  }
  if (spec.allNodes === false) found.invalid('spec.allNodes', false, 'must be true or absent');
  const given = WHERE.filter((field) => spec[field] !== undefined && spec[field] !== '' && spec[field] !== false);
  if (given.length === 0) found.required('spec', 'nodeName, nodeSelector or allNodes is needed');
  else if (given.length > 1) found.invalid('spec', given, 'one of nodeName, nodeSelector and allNodes may be given');
}

function validateDevice(device: Device, path: string, found: Findings): void {
  found.eachInvalid(`${path}.name`, device.name, dnsLabel(device.name));
  const { attributes = {}, capacity = {} } = device;
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > MAX_ATTRIBUTES) found.invalid(path, count, `attributes and capacities must be at most ${MAX_ATTRIBUTES} together`);
  for (const name in attributes) {
    const at = `${path}.attributes[${name}]`;
    validateAttributeName(name, at, found);
    validateAttribute(attributes[name] as Attribute, at, found);
  }
  for (const name in capacity) validateAttributeName(name, `${path}.capacity[${name}]`, found);
}

function validateAttribute(attribute: Attribute, path: string, found: Findings): void {
  const { string: text, version } = attribute;
  if (text !== undefined && text.length > MAX_VALUE) found.tooLong(`${path}.string`, `must be at most ${MAX_VALUE} characters`);
  if (version !== undefined) {
    if (!SEMANTIC_VERSION.test(version)) found.invalid(`${path}.version`, version, 'must be a semantic version, such as 1.2.3');
    if (version.length > MAX_VALUE) found.tooLong(`${path}.version`, `must be at most ${MAX_VALUE} characters`);
  }
  const given = Object.values(attribute).filter((value) => value !== undefined).length;
  if (given !== 1) found.invalid(path, '', 'must have one value');
}
