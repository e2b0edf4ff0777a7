import type { Endpoint, EndpointSlice } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { ipAddress, ipFamily, nonSpecialAddress } from '../../validation/ip-address.ts';
import { labelValue, qualifiedName, validateLabels } from '../../validation/label.ts';
import { PROTOCOLS } from '../../validation/port.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';

const ADDRESS_TYPES = new Set(['FQDN', 'IPv4', 'IPv6']);
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;

export const endpointSlice: KindRules = {
  group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', namespaced: true, generation: true, countsLabels: true,
  default(object) {
    for (const list of ['endpoints', 'ports']) if ((object[list] as unknown[] | null)?.length === 0) object[list] = null;
    for (const port of (object as unknown as EndpointSlice).ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepare: dropTopology,
  prepareUpdate: dropTopology,
  warnings: (object, old) => (old === undefined && object['addressType'] === 'FQDN' ? ['addressType: FQDN is deprecated'] : []),
  validate(object, found, context) {
    const slice = object as unknown as EndpointSlice;
    found.requiredEnum('addressType', slice.addressType, ADDRESS_TYPES);
    if ((slice.ports?.length ?? 0) > MAX_PORTS) found.tooMany('ports', `must be at most ${MAX_PORTS}`);
    const names = new Set<string>();
    slice.ports?.forEach((port, i) => {
      const name = port.name ?? '';
      if (name !== '') found.eachInvalid(`ports[${i}].name`, name, dnsLabel(name));
      if (names.has(name)) found.duplicate(`ports[${i}].name`, name);
      names.add(name);
      if (port.protocol === undefined) found.required(`ports[${i}].protocol`);
      else found.optionalEnum(`ports[${i}].protocol`, port.protocol, PROTOCOLS);
      if (port.appProtocol !== undefined) found.eachInvalid(`ports[${i}].appProtocol`, port.appProtocol, qualifiedName(port.appProtocol));
    });
    const endpoints = slice.endpoints ?? [];
    if (endpoints.length > MAX_ENDPOINTS) found.tooMany('endpoints', `must be at most ${MAX_ENDPOINTS}`);
    else endpoints.forEach((endpoint, i) => validateEndpoint(endpoint, slice.addressType, `endpoints[${i}]`, found, context.loopbackAddresses));
  },
  validateUpdate(object, old, found) {
    found.immutable('addressType', object['addressType'], old['addressType']);
  },
};

/** The fields that replaced it say what it said. */
function dropTopology(object: KindObject): void {
  for (const endpoint of (object as unknown as EndpointSlice).endpoints ?? []) delete endpoint.deprecatedTopology;
}

function validateEndpoint(endpoint: Endpoint, type: string, path: string, found: Findings, loopback: boolean): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) found.required(`${path}.addresses`, 'at least one is needed');
  else if (addresses.length > MAX_ADDRESSES) found.tooMany(`${path}.addresses`, `must be at most ${MAX_ADDRESSES}`);
  addresses.forEach((address, i) => {
    const at = `${path}.addresses[${i}]`;
    if (type === 'FQDN') {
      if (address === '') found.required(at);
      else found.eachInvalid(at, address, fullyQualified(address));
      return;
    }
    if (type !== 'IPv4' && type !== 'IPv6') return;
    const messages = ipAddress(address);
    found.eachInvalid(at, address, messages);
    if (messages.length > 0) return;
    if (ipFamily(address) !== type) found.invalid(`${path}.addresses`, address, `must be an ${type} address`);
    found.eachInvalid(at, address, nonSpecialAddress(address, loopback));
  });
  if (endpoint.nodeName !== undefined) found.eachInvalid(`${path}.nodeName`, endpoint.nodeName, dnsSubdomain(endpoint.nodeName));
  validateLabels(endpoint.deprecatedTopology, `${path}.deprecatedTopology`, found);
  if (endpoint.hostname !== undefined) found.eachInvalid(`${path}.hostname`, endpoint.hostname, dnsLabel(endpoint.hostname));
  const zones = endpoint.hints?.forZones ?? [];
  if (zones.length > MAX_HINTS) found.tooMany(`${path}.hints.forZones`, `must be at most ${MAX_HINTS}`);
  else zones.forEach((zone, i) => {
    const at = `${path}.hints.forZones[${i}].name`;
    if (zones.findIndex((z) => z.name === zone.name) < i) found.duplicate(at, zone.name);
    found.eachInvalid(at, zone.name, labelValue(zone.name));
  });
  const nodes = endpoint.hints?.forNodes ?? [];
  if (zones.length > MAX_HINTS) return;
  if (nodes.length > MAX_HINTS) found.tooMany(`${path}.hints.forNodes`, `must be at most ${MAX_HINTS}`);
  else nodes.forEach((node, i) => {
    const at = `${path}.hints.forNodes[${i}].name`;
    if (nodes.findIndex((n) => n.name === node.name) < i) found.duplicate(at, node.name);
    found.eachInvalid(at, node.name, dnsSubdomain(node.name));
  });
}

/** A DNS name of two labels or more. */
function fullyQualified(name: string): readonly string[] {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name;
  const messages = dnsSubdomain(plain);
  if (messages.length > 0) return messages;
  if (!plain.includes('.')) return ['must be a domain of two labels or more'];
  return plain.split('.').flatMap((label) => dnsLabel(label));
}
