import { isDeepStrictEqual } from 'node:util';
import type { KindObject } from '../strategy.ts';
import type { Endpoints, Node, ObjectReference, PodTemplateSpec, ReplicationControllerSpec, Taint } from '../../../../kubernetes/types.generated.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { cidr, cidrFamily, ipAddress, nonSpecialAddress } from '../../validation/ip-address.ts';
import { labelValue, qualifiedName } from '../../validation/label.ts';
import { portNumber, PROTOCOLS } from '../../validation/port.ts';
import { dnsLabel } from '../../validation/dns-name.ts';
import type { KindRules } from '../built-in-kind.ts';
import { requireAlways } from '../apps/template-rules.ts';
import { defaultPodSpec } from './pod/defaults.ts';
import { validateResourceAmount } from './pod/validate-resources.ts';
import { nameWarnings, templateWarnings } from './pod/warnings.ts';
import { validatePodTemplate } from './pod/validate-template.ts';

export const serviceAccount: KindRules = {
  group: '', version: 'v1', kind: 'ServiceAccount', namespaced: true,
  prepare: keepSecretNames,
  prepareUpdate: keepSecretNames,
};

/** Secrets stand in the account's own namespace, so only their names count. */
function keepSecretNames(object: KindObject): void {
  for (const secret of (object['secrets'] as ObjectReference[] | undefined) ?? []) {
    for (const field in secret) if (field !== 'name') delete secret[field as keyof ObjectReference];
  }
}

export const podTemplate: KindRules = {
  group: '', version: 'v1', kind: 'PodTemplate', namespaced: true, generation: true,
  warnings: (object) => templateWarnings(object['template'], 'template'),
  default: (object) => defaultPodSpec((object['template'] as PodTemplateSpec).spec!),
  validate: (object, found) => validatePodTemplate(object['template'] as PodTemplateSpec, 'template', found),
};

export const replicationController: KindRules = {
  group: '', version: 'v1', kind: 'ReplicationController', namespaced: true, anyGenerateName: true, generation: true,
  warnings: (object, old) => [...(old === undefined ? nameWarnings(object.metadata.name) : []), ...templateWarnings(object['spec'].template, 'spec.template')],
  default(object) {
    const spec = object['spec'] as ReplicationControllerSpec;
    const labels = spec.template?.metadata?.labels;
    if (labels !== undefined) {
      spec.selector ??= { ...labels };
      object.metadata.labels ??= { ...labels };
    }
    spec.replicas ??= 1;
    if (spec.template?.spec !== undefined) defaultPodSpec(spec.template.spec);
  },
  validate(object, found) {
    const spec = object['spec'] as ReplicationControllerSpec;
    found.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    const selector = spec.selector ?? {};
    if (Object.keys(selector).length === 0) found.required('spec.selector');
    found.nonNegative('spec.replicas', spec.replicas);
    if (spec.template === undefined) {
      found.required('spec.template');
      return;
    }
    const labels = spec.template.metadata?.labels ?? {};
    if (Object.entries(selector).some(([key, value]) => labels[key] !== value)) found.invalid('spec.template.metadata.labels', labels, 'must match the selector');
    validatePodTemplate(spec.template, 'spec.template', found);
    requireAlways(spec.template, 'spec.template', found);
  },
};

const TAINT_EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

export const node: KindRules = {
  group: '', version: 'v1', kind: 'Node', namespaced: false, resetsStatus: false,
  default(object) {
    const spec = (object['spec'] ?? {}) as NonNullable<Node['spec']>;
    if (spec.podCIDR !== undefined && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
    else if (spec.podCIDR === undefined && spec.podCIDRs?.[0] !== undefined) spec.podCIDR = spec.podCIDRs[0];
    const status = (object['status'] ?? {}) as NonNullable<Node['status']>;
    if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
  },
  prepare(object) {
    delete object['spec']?.configSource;
  },
  prepareUpdate(object, old) {
    object['status'] = old['status'];
  },
  warnings: (object) => (object['spec']?.externalID === undefined ? [] : ['spec.externalID: nothing uses it any more']),
  validate(object, found) {
    const spec = (object['spec'] ?? {}) as NonNullable<Node['spec']>;
    validateTaints(spec.taints, 'metadata.taints', found);
    const cidrs = spec.podCIDRs ?? [];
    cidrs.forEach((block, i) => found.eachInvalid(`spec.podCIDRs[${i}]`, block, cidr(block)));
    const families = cidrs.map((block) => cidrFamily(block));
    if (cidrs.length > 1 && families.includes(undefined)) found.internal('spec.podCIDRs', 'the families cannot be told');
    if (cidrs.length > 2 || (cidrs.length === 2 && (families.includes(undefined) || families[0] === families[1]))) found.invalid('spec.podCIDRs', cidrs, 'must be one of each IP family');
    const status = (object['status'] ?? {}) as NonNullable<Node['status']>;
    for (const list of ['capacity', 'allocatable'] as const) for (const name in status[list]) validateResourceAmount(name, status[list][name] as string, `status.${list}.${name}`, found);
  },
  validateUpdate(object, old, found) {
    const spec = object['spec'] as NonNullable<Node['spec']>, before = old['spec'] as NonNullable<Node['spec']>;
    if ((before.podCIDRs?.length ?? 0) > 0 && !isDeepStrictEqual(before.podCIDRs, spec.podCIDRs)) found.forbidden('spec.podCIDRs', 'cannot be changed');
    if (before.externalID !== spec.externalID) found.forbidden('spec.externalID', 'cannot be changed');
    if (before.providerID !== undefined && before.providerID !== spec.providerID) found.forbidden('spec.providerID', 'cannot be changed');
  },
};

function validateTaints(taints: readonly Taint[] | undefined, path: string, found: Findings): void {
  const seen = new Set<string>();
  taints?.forEach((taint, i) => {
    const at = `${path}[${i}]`;
    found.eachInvalid(`${at}.key`, taint.key, qualifiedName(taint.key));
    const messages = labelValue(taint.value ?? '');
    if (messages.length > 0) found.invalid(`${at}.value`, taint.value, messages.join('; '));
    if (taint.effect === '' as string) found.required(`${at}.effect`);
    else found.optionalEnum(`${at}.effect`, taint.effect, TAINT_EFFECTS);
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key)) found.duplicate(at, key);
    seen.add(key);
  });
}

export const endpoints: KindRules = {
  group: '', version: 'v1', kind: 'Endpoints', namespaced: true,
  default(object) {
    for (const subset of (object as unknown as Endpoints).subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
  validate(object, found, context) {
    (object as unknown as Endpoints).subsets?.forEach((subset, i) => {
      const at = `subsets[${i}]`;
      const count = (subset.addresses?.length ?? 0) + (subset.notReadyAddresses?.length ?? 0);
      if (count === 0) found.required(at, 'addresses or notReadyAddresses is needed');
      for (const field of ['addresses', 'notReadyAddresses'] as const) {
        subset[field]?.forEach((address, j) => {
          const each = `${at}.${field}[${j}]`;
          const messages = ipAddress(address.ip);
          found.eachInvalid(`${each}.ip`, address.ip, messages);
          if (address.hostname !== undefined) found.eachInvalid(`${each}.hostname`, address.hostname, dnsLabel(address.hostname));
          if (address.nodeName !== undefined) found.eachInvalid(`${each}.nodeName`, address.nodeName, dnsSubdomain(address.nodeName));
          if (messages.length > 0) found.invalid(`${each}.ip`, address.ip, 'is no address that an endpoint may have');
          else found.eachInvalid(`${each}.ip`, address.ip, nonSpecialAddress(address.ip, context.loopbackAddresses));
        });
      }
      subset.ports?.forEach((port, j) => {
        const each = `${at}.ports[${j}]`;
        if (port.name === undefined) {
          if ((subset.ports?.length ?? 0) > 1) found.required(`${each}.name`);
        } else found.eachInvalid(`${each}.name`, port.name, dnsLabel(port.name));
        found.eachInvalid(`${each}.port`, port.port, portNumber(port.port));
        found.requiredEnum(`${each}.protocol`, port.protocol, PROTOCOLS);
        if (port.appProtocol !== undefined) found.eachInvalid(`${each}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol));
      });
    });
  },
};
