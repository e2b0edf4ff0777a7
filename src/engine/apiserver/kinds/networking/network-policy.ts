import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../validation/field-error.ts';
import { cidr, ipBits } from '../../validation/ip-address.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { portNumber, PROTOCOLS, validatePortReference } from '../../validation/port.ts';
import type { KindRules } from '../built-in-kind.ts';

const POLICY_TYPES = new Set(['Ingress', 'Egress']);

export const networkPolicy: KindRules = {
  group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy', namespaced: true, generation: true,
  default(object) {
    const spec = object['spec'] as NetworkPolicySpec;
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    if ((spec.policyTypes?.length ?? 0) === 0) spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate(object, found) {
    const spec = object['spec'] as NetworkPolicySpec;
    validateLabelSelector(spec.podSelector, 'spec.podSelector', found);
    for (const [side, peers] of [['ingress', 'from'], ['egress', 'to']] as const) {
      spec[side]?.forEach((rule, i) => {
        const at = `spec.${side}[${i}]`;
        rule.ports?.forEach((port, j) => validatePort(port, `${at}.ports[${j}]`, found));
        const list = (rule as Record<string, NetworkPolicyPeer[] | undefined>)[peers];
        list?.forEach((peer, j) => validatePeer(peer, `${at}.${peers}[${j}]`, found));
      });
    }
    const types = spec.policyTypes ?? [];
    if (types.length > 2) found.invalid('spec.policyTypes', types, 'must be at most two');
    else types.forEach((type, i) => {
      if (!POLICY_TYPES.has(type)) found.notSupported(`spec.policyTypes[${i}]`, type, POLICY_TYPES);
    });
  },
};

function validatePort(port: NetworkPolicyPort, path: string, found: Findings): void {
  if (port.protocol !== undefined) found.optionalEnum(`${path}.protocol`, port.protocol, PROTOCOLS);
  if (port.port === undefined) {
    if (port.endPort !== undefined) found.invalid(`${path}.endPort`, port.endPort, 'needs port');
    return;
  }
  validatePortReference(port.port, `${path}.port`, found);
  if (port.endPort === undefined) return;
  if (typeof port.port === 'string') found.invalid(`${path}.endPort`, port.endPort, 'needs a port number');
  else {
    if (port.endPort < port.port) found.invalid(`${path}.endPort`, port.endPort, 'must be port or more');
    found.eachInvalid(`${path}.endPort`, port.endPort, portNumber(port.endPort));
  }
}

function validatePeer(peer: NetworkPolicyPeer, path: string, found: Findings): void {
  const count = Object.keys(peer).length;
  validateLabelSelector(peer.podSelector, `${path}.podSelector`, found);
  validateLabelSelector(peer.namespaceSelector, `${path}.namespaceSelector`, found);
  const block = peer.ipBlock;
  if (block !== undefined) {
    if (block.cidr === '') found.required(`${path}.ipBlock.cidr`);
    else {
      const messages = cidr(block.cidr);
      found.eachInvalid(`${path}.ipBlock.cidr`, block.cidr, messages);
      if (messages.length === 0) block.except?.forEach((except, i) => {
        const each = `${path}.ipBlock.except[${i}]`;
        const bad = cidr(except);
        found.eachInvalid(each, except, bad);
        if (bad.length === 0 && !isStrictlyWithin(except, block.cidr)) found.invalid(each, except, 'must be within the cidr and smaller');
      });
    }
  }
  if (count === 0) found.required(path, 'a peer is needed');
  else if (count > 1 && block !== undefined) found.forbidden(path, 'ipBlock excludes the others');
}

function isStrictlyWithin(inner: string, outer: string): boolean {
  const [innerIp = '', innerLength = ''] = inner.split('/');
  const [outerIp = '', outerLength = ''] = outer.split('/');
  const a = ipBits(innerIp), b = ipBits(outerIp);
  if (a === undefined || b === undefined || a.bits !== b.bits || Number(outerLength) >= Number(innerLength)) return false;
  const shift = BigInt(b.bits - Number(outerLength));
  return a.value >> shift === b.value >> shift;
}
