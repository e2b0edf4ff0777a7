import type { Service, ServicePort, ServiceSpec } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { cidr, ipFamily, ipAddress, nonSpecialAddress } from '../../validation/ip-address.ts';
import { qualifiedName, validateLabels } from '../../validation/label.ts';
import { portNumber, PROTOCOLS, validatePortReference } from '../../validation/port.ts';
import type { KindRules } from '../built-in-kind.ts';

const TYPES = new Set(['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
const AFFINITIES = new Set(['ClientIP', 'None']);
const TRAFFIC_POLICIES = new Set(['Cluster', 'Local']);
const FAMILIES = new Set(['IPv4', 'IPv6']);
const FAMILY_POLICIES = new Set(['PreferDualStack', 'RequireDualStack', 'SingleStack']);
const DISTRIBUTIONS = new Set(['PreferClose', 'PreferSameNode', 'PreferSameZone']);
const CLIENT_IP_TIMEOUT_SECONDS = 10_800;
const MAX_TIMEOUT_SECONDS = 86_400;

export const service: KindRules = {
  group: '', version: 'v1', kind: 'Service', namespaced: true, name: dns1035Label,
  default(object) {
    const spec = object['spec'] as ServiceSpec;
    spec.sessionAffinity ??= 'None';
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_TIMEOUT_SECONDS } };
    }
    spec.type ??= 'ClusterIP';
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP';
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
    }
    const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
    if (external) spec.externalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  },
  prepare(object) {
    const spec = object['spec'] as ServiceSpec;
    if (spec.clusterIP !== undefined && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP];
    if (spec.type !== 'ExternalName') {
      const first = spec.clusterIPs?.[0];
      const anyNode = first === 'None' && Object.keys(spec.selector ?? {}).length === 0;
      if (anyNode && spec.ipFamilyPolicy === undefined && spec.ipFamilies === undefined) {
        spec.ipFamilyPolicy = 'RequireDualStack';
        spec.ipFamilies = ['IPv4', 'IPv6'];
      }
      spec.ipFamilyPolicy ??= 'SingleStack';
      if (spec.ipFamilies === undefined) {
        const families = [...new Set((spec.clusterIPs ?? []).map((ip) => ipFamily(ip)))].filter((family) => family !== undefined);
        spec.ipFamilies = families.length > 0 && first !== 'None' ? families : ['IPv4'];
      }
    }
  },
  validate: (object, found, context) => validateService(object as unknown as Service, found, context.loopbackAddresses),
  prepareUpdate(object, old) {
    const spec = object['spec'] as ServiceSpec, before = old['spec'] as ServiceSpec;
    const keeps = spec.type !== 'ExternalName' && before.type !== 'ExternalName';
    if (keeps && spec.clusterIP === undefined && before.clusterIP !== undefined) {
      spec.clusterIP = before.clusterIP;
      spec.clusterIPs = before.clusterIPs;
    }
    if (keeps) {
      spec.ipFamilies ??= before.ipFamilies;
      spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
      if (spec.type === before.type || spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
        spec.ports?.forEach((port) => {
          const same = before.ports?.find((p) => p.port === port.port && p.protocol === port.protocol);
          if (same?.nodePort !== undefined && spec.type !== 'ClusterIP') port.nodePort ??= same.nodePort;
        });
      }
    }
    if (spec.clusterIP === before.clusterIP) spec.clusterIPs ??= before.clusterIPs;
    if (spec.clusterIP !== before.clusterIP && spec.clusterIP !== undefined && JSON.stringify(spec.clusterIPs) === JSON.stringify(before.clusterIPs)) spec.clusterIPs = [spec.clusterIP];
    if (spec.type !== before.type) dropUnused(spec, before);
    if (needsHealthPort(before) && needsHealthPort(spec)) spec.healthCheckNodePort ??= before.healthCheckNodePort;
    if (needsHealthPort(before) && !needsHealthPort(spec) && spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
    if (spec.type === 'ExternalName' && before.type !== 'ExternalName' && spec.clusterIP === before.clusterIP) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      delete spec.ipFamilies;
      delete spec.ipFamilyPolicy;
      delete spec.internalTrafficPolicy;
    }
  },
  warnings: (object) => (object['spec'].trafficDistribution === 'PreferClose' ? ['spec.trafficDistribution: PreferClose is an old name of PreferSameZone'] : []),
  validateUpdate(object, old, found) {
    const spec = object['spec'] as ServiceSpec, before = old['spec'] as ServiceSpec;
    if (before.type !== 'ExternalName' && spec.type !== 'ExternalName' && before.clusterIP !== undefined && spec.clusterIP !== before.clusterIP) {
      found.invalid('spec.clusterIPs[0]', spec.clusterIP, 'cannot be changed');
    }
    if (needsHealthPort(before) && needsHealthPort(spec) && spec.healthCheckNodePort !== before.healthCheckNodePort) found.forbidden('spec.healthCheckNodePort', 'cannot be changed');
  },
};

const needsHealthPort = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** A service of another type loses what the old type alone had, where the client left it as it was. */
function dropUnused(spec: ServiceSpec, before: ServiceSpec): void {
  const exposes = (type: string | undefined): boolean => type === 'NodePort' || type === 'LoadBalancer';
  if (!exposes(spec.type) && exposes(before.type)) {
    for (const port of spec.ports ?? []) if (before.ports?.some((p) => p.nodePort === port.nodePort) === true) delete port.nodePort;
    const isReached = spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0;
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy && !isReached) delete spec.externalTrafficPolicy;
  }
  if (before.type === 'LoadBalancer') for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'healthCheckNodePort'] as const) if (spec[field] === before[field]) delete spec[field];
}

function validateService(object: Service, found: Findings, loopback: boolean): void {
  const spec = object.spec as ServiceSpec;
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.clusterIPs?.[0] !== 'None' && spec.type !== 'ExternalName') found.required('spec.ports', 'at least one is needed');
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
      if (field === 'clusterIPs' ? spec.clusterIP !== undefined : spec[field] !== undefined) found.forbidden(`spec.${field}`, 'has no meaning with the type ExternalName');
    }
    const name = spec.externalName?.endsWith('.') === true ? spec.externalName.slice(0, -1) : (spec.externalName ?? '');
    if (name === '') found.required('spec.externalName');
    else found.eachInvalid('spec.externalName', spec.externalName, dnsSubdomain(name));
  } else if (spec.clusterIP === 'None' && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) found.invalid('spec.clusterIPs[0]', 'None', `excludes the type ${spec.type}`);
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`;
    validatePort(port, ports.length > 1, names, at, found);
    const number = `${port.protocol}/${port.port}`;
    if (numbers.has(number)) found.duplicate(at, port.port);
    numbers.add(number);
    if (port.nodePort !== undefined) {
      if (spec.type === 'ClusterIP' || spec.type === 'ExternalName') found.forbidden(`${at}.nodePort`, `has no meaning with the type ${spec.type}`);
      const key = `${port.protocol}/${port.nodePort}`;
      if (nodePorts.has(key)) found.duplicate(`${at}.nodePort`, port.nodePort);
      nodePorts.add(key);
    }
  });
  if (spec.selector !== undefined) validateLabels(spec.selector, 'spec.selector', found);
  found.requiredEnum('spec.sessionAffinity', spec.sessionAffinity, AFFINITIES);
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'ClientIP' && (timeout === undefined || timeout <= 0 || timeout > MAX_TIMEOUT_SECONDS)) found.invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', timeout, `must be from 1 to ${MAX_TIMEOUT_SECONDS}`);
  validateClusterIps(spec, found);
  spec.externalIPs?.forEach((ip, i) => {
    const messages = ipAddress(ip);
    found.eachInvalid(`spec.externalIPs[${i}]`, ip, messages);
    if (messages.length === 0) found.eachInvalid(`spec.externalIPs[${i}]`, ip, nonSpecialAddress(ip, loopback));
  });
  found.requiredEnum('spec.type', spec.type, TYPES);
  spec.loadBalancerSourceRanges?.forEach((range, i) => found.eachInvalid(`spec.LoadBalancerSourceRanges[${i}]`, range, cidr(range.trim())));
  if (spec.loadBalancerSourceRanges !== undefined && spec.type !== 'LoadBalancer') found.forbidden('spec.LoadBalancerSourceRanges', 'has no meaning but with the type LoadBalancer');
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') found.forbidden('spec.allocateLoadBalancerNodePorts', 'has no meaning but with the type LoadBalancer');
  if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === undefined) found.required('spec.allocateLoadBalancerNodePorts');
  if (spec.loadBalancerClass !== undefined) {
    if (spec.type !== 'LoadBalancer') found.forbidden('spec.loadBalancerClass', 'has no meaning but with the type LoadBalancer');
    else found.eachInvalid('spec.loadBalancerClass', spec.loadBalancerClass, qualifiedName(spec.loadBalancerClass));
  }
  validateTrafficPolicies(spec, found);
  found.optionalEnum('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS);
}

function validatePort(port: ServicePort, needsName: boolean, names: Set<string>, path: string, found: Findings): void {
  if (port.name === undefined) {
    if (needsName) found.required(`${path}.name`, 'is needed where there are several ports');
  } else {
    found.eachInvalid(`${path}.name`, port.name, dnsLabel(port.name));
    if (names.has(port.name)) found.duplicate(`${path}.name`, port.name);
    names.add(port.name);
  }
  found.eachInvalid(`${path}.port`, port.port, portNumber(port.port));
  found.requiredEnum(`${path}.protocol`, port.protocol, PROTOCOLS);
  validatePortReference(port.targetPort ?? 0, `${path}.targetPort`, found);
  if (port.appProtocol !== undefined) found.eachInvalid(`${path}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol));
}

function validateClusterIps(spec: ServiceSpec, found: Findings): void {
  if (spec.type === 'ExternalName') return;
  const ips = spec.clusterIPs ?? [];
  const at = 'spec.clusterIPs';
  if (spec.clusterIP !== undefined) {
    if (ips.length === 0) found.required(at);
    else if (ips[0] !== spec.clusterIP) found.invalid(at, ips, 'the first must be clusterIP');
  } else if (ips.length > 0) found.invalid(at, ips, 'must be empty where clusterIP is');
  const families = spec.ipFamilies ?? [];
  families.forEach((family, i) => {
    if (!FAMILIES.has(family)) found.notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES);
    if (families.indexOf(family) < i) found.duplicate(`spec.ipFamilies[${i}]`, family);
  });
  found.optionalEnum('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES);
  const before = found.errors.length;
  ips.forEach((ip, i) => {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) found.invalid(at, ips, "'None' stands alone");
    } else found.eachInvalid(`${at}[${i}]`, ip, ipAddress(ip));
  });
  const readable = found.errors.length === before;
  if (ips.length > 2) found.invalid(at, ips, 'must be at most 2');
  if (!readable) return;
  if (ips.length > 1 && new Set(ips.map((ip) => ipFamily(ip))).size < ips.length) found.invalid(at, ips, 'must be one of each IP family');
  if (ips[0] !== 'None') ips.forEach((ip, i) => {
    const family = families[i];
    if ((family === 'IPv4' || family === 'IPv6') && ipFamily(ip) !== family) found.invalid(`${at}[${i}]`, ip, `must be an ${family} address`);
  });
}

function validateTrafficPolicies(spec: ServiceSpec, found: Findings): void {
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (external) found.requiredEnum('spec.externalTrafficPolicy', spec.externalTrafficPolicy, TRAFFIC_POLICIES);
  else if (spec.externalTrafficPolicy !== undefined) found.invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'is for services reached from outside');
  if (spec.healthCheckNodePort !== undefined && (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local')) found.invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, 'is for the type LoadBalancer with externalTrafficPolicy Local');
  else if (spec.healthCheckNodePort !== undefined) found.eachInvalid('spec.healthCheckNodePort', spec.healthCheckNodePort, portNumber(spec.healthCheckNodePort));
  if (spec.internalTrafficPolicy === undefined && (spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer')) found.required('spec.internalTrafficPolicy');
  found.optionalEnum('spec.internalTrafficPolicy', spec.internalTrafficPolicy, TRAFFIC_POLICIES);
}
