import { dnsSubdomain, pathSegmentName } from '../../validation/dns-name.ts';
import { canonicalAddress, cidr, cidrFamily, isCanonicalCidr } from '../../validation/ip-address.ts';
import type { KindRules } from '../built-in-kind.ts';

export const serviceCidr: KindRules = {
  group: 'networking.k8s.io', version: 'v1', kind: 'ServiceCIDR', namespaced: false, statusKeepsMetadata: true,
  validateUpdate(object, old, found) {
    const blocks = (object['spec'].cidrs ?? []) as string[];
    (old['spec'].cidrs as string[] | undefined)?.forEach((block, i) => {
      if (blocks[i] !== block) found.invalid(`spec.cidrs[${i}]`, blocks[i], 'cannot be changed');
    });
  },
  validate(object, found) {
    const blocks = (object['spec'].cidrs ?? []) as string[];
    if (blocks.length === 0) found.required('spec.cidrs', 'at least one is needed');
    if (blocks.length > 2) {
      found.invalid('spec.cidrs', blocks, 'must be at most two');
      return;
    }
    blocks.forEach((block, i) => {
      const messages = cidr(block);
      found.eachInvalid(`spec.cidrs[${i}]`, block, messages);
      if (messages.length === 0 && !isCanonicalCidr(block)) found.invalid(`spec.cidrs[${i}]`, block, 'must have no bits beyond its prefix');
    });
    if (blocks.length === 2 && cidrFamily(blocks[0] as string) === cidrFamily(blocks[1] as string)) found.invalid('spec.cidrs', blocks, 'must be one of each IP family');
  },
};

export const ipAddressKind: KindRules = {
  group: 'networking.k8s.io', version: 'v1', kind: 'IPAddress', namespaced: false, name: canonicalAddress,
  validate(object, found) {
    const ref = object['spec'].parentRef as { group?: string; resource?: string; name?: string; namespace?: string } | undefined;
    if (ref === undefined || ref === null) {
      found.required('spec.parentRef');
      return;
    }
    if (ref.group !== undefined) found.eachInvalid('spec.parentRef.group', ref.group, dnsSubdomain(ref.group));
    for (const field of ['resource', 'name'] as const) {
      const value = ref[field] ?? '';
      if (value === '') found.required(`spec.parentRef.${field}`);
      else found.eachInvalid(`spec.parentRef.${field}`, value, pathSegmentName(value));
    }
    if (ref.namespace !== undefined) found.eachInvalid('spec.parentRef.namespace', ref.namespace, pathSegmentName(ref.namespace));
  },
  validateUpdate(object, old, found) {
    found.immutable('spec.parentRef', object['spec'].parentRef, old['spec'].parentRef);
  },
};
