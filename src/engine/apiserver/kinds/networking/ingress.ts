import type { IngressBackend, IngressClassSpec, HTTPIngressPath, IngressSpec } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsLabel, dnsSubdomain, domainPrefixedPath, pathSegmentName, wildcardSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { ipFamily } from '../../validation/ip-address.ts';
import { portName, portNumber } from '../../validation/port.ts';
import type { KindRules } from '../built-in-kind.ts';

const PATH_TYPES = new Set(['Exact', 'ImplementationSpecific', 'Prefix']);
const SCOPES = new Set(['Cluster', 'Namespace']);
const FORBIDDEN_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const FORBIDDEN_ENDS = ['/..', '/.'];
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const MAX_CONTROLLER = 250;

interface ObjectReference { apiGroup?: string | null; kind: string; name: string }

export const ingress: KindRules = {
  group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', namespaced: true, generation: true,
  warnings: (object, old) => (old === undefined && object.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined && object['spec'].ingressClassName === undefined ? ['metadata.annotations[kubernetes.io/ingress.class]: use spec.ingressClassName'] : []),
  validate(object, found) {
    const spec = object['spec'] as IngressSpec;
    const annotation = object.metadata.annotations?.[CLASS_ANNOTATION];
    if (annotation !== undefined && spec.ingressClassName !== undefined && annotation !== spec.ingressClassName) found.invalid(`annotations.${CLASS_ANNOTATION}`, annotation, 'must be ingressClassName where both are set');
    if ((spec.rules?.length ?? 0) === 0 && spec.defaultBackend === undefined) found.invalid('spec', spec.rules, 'defaultBackend or rules is needed');
    if (spec.defaultBackend !== undefined) validateBackend(spec.defaultBackend, 'spec.defaultBackend', found);
    spec.rules?.forEach((rule, i) => {
      const at = `spec.rules[${i}]`;
      if (rule.host !== undefined) {
        if (ipFamily(rule.host) !== undefined) found.invalid(`${at}.host`, rule.host, 'must be a DNS name, not an address');
        found.eachInvalid(`${at}.host`, rule.host, rule.host.includes('*') ? wildcardSubdomain(rule.host) : dnsSubdomain(rule.host));
      }
      if (rule.http === undefined) return;
      if ((rule.http.paths?.length ?? 0) === 0) found.required(`${at}.http.paths`);
      rule.http.paths?.forEach((path, j) => validatePath(path, `${at}.http.paths[${j}]`, found));
    });
    spec.tls?.forEach((tls, i) => {
      tls.hosts?.forEach((host, j) => found.eachInvalid(`spec.tls[${i}].hosts[${j}]`, host, host.includes('*') ? wildcardSubdomain(host) : dnsSubdomain(host)));
      if (tls.secretName !== undefined) found.eachInvalid(`spec.tls[${i}].secretName`, tls.secretName, dnsSubdomain(tls.secretName));
    });
    if (spec.ingressClassName !== undefined) found.eachInvalid('spec.ingressClassName', spec.ingressClassName, dnsSubdomain(spec.ingressClassName));
  },
};

function validatePath(rule: HTTPIngressPath, path: string, found: Findings): void {
  const text = rule.path ?? '';
  if (rule.pathType as unknown === null || rule.pathType === undefined) {
    found.required(`${path}.pathType`);
    return;
  }
  if (!PATH_TYPES.has(rule.pathType)) found.notSupported(`${path}.pathType`, rule.pathType, PATH_TYPES);
  else if (rule.pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) found.invalid(`${path}.path`, text, 'must be an absolute path');
  } else {
    if (!text.startsWith('/')) found.invalid(`${path}.path`, text, 'must be an absolute path');
    for (const sequence of FORBIDDEN_SEQUENCES) if (text.includes(sequence)) found.invalid(`${path}.path`, text, `must not contain ${sequence}`);
    for (const end of FORBIDDEN_ENDS) if (text.endsWith(end)) found.invalid(`${path}.path`, text, `must not end with ${end}`);
  }
  validateBackend(rule.backend, `${path}.backend`, found);
}

function validateBackend(backend: IngressBackend, path: string, found: Findings): void {
  if (backend.resource !== undefined && backend.service !== undefined) {
    found.invalid(path, '', 'one of resource and service may be given');
    return;
  }
  if (backend.resource !== undefined) {
    validateReference(backend.resource, `${path}.resource`, found);
    return;
  }
  const service = backend.service;
  if (service === undefined) {
    found.invalid(path, '', 'resource or service is needed');
    return;
  }
  if (service.name === '') found.required(`${path}.service.name`);
  else found.eachInvalid(`${path}.service.name`, service.name, dns1035Label(service.name));
  const { name = '', number = 0 } = service.port ?? {};
  if (name !== '' && number !== 0) found.invalid(path, '', 'one of port name and port number may be given');
  else if (name !== '') found.eachInvalid(`${path}.service.port.name`, name, portName(name));
  else if (number !== 0) found.eachInvalid(`${path}.service.port.number`, number, portNumber(number));
  else found.required(path, 'a port name or number is needed');
}

function validateReference(ref: ObjectReference, path: string, found: Findings): void {
  if (ref.apiGroup !== undefined && ref.apiGroup !== null) found.eachInvalid(`${path}.apiGroup`, ref.apiGroup, dnsSubdomain(ref.apiGroup));
  for (const field of ['kind', 'name'] as const) {
    if (ref[field] === '') found.required(`${path}.${field}`);
    else found.eachInvalid(`${path}.${field}`, ref[field], pathSegmentName(ref[field]));
  }
}

export const ingressClass: KindRules = {
  group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', namespaced: false, generation: true,
  default(object) {
    const parameters = (object['spec'] as IngressClassSpec | undefined)?.parameters;
    if (parameters !== undefined) parameters.scope ??= 'Cluster';
  },
  validate(object, found) {
    const spec = object['spec'] as IngressClassSpec;
    const controller = spec.controller ?? '';
    if (controller.length > MAX_CONTROLLER) found.tooLong('spec.controller', `must be at most ${MAX_CONTROLLER} characters`);
    if (controller === '') found.required('spec.controller');
    else found.eachInvalid('spec.controller', controller, domainPrefixedPath(controller));
    const parameters = spec.parameters;
    if (parameters === undefined) return;
    validateReference(parameters, 'spec.parameters', found);
    if (parameters.scope === undefined) found.required('spec.parameters.scope');
    else if (!SCOPES.has(parameters.scope)) found.notSupported('spec.parameters.scope', parameters.scope, SCOPES);
    else if (parameters.scope === 'Namespace') {
      if (parameters.namespace === undefined) found.required('spec.parameters.namespace');
      else found.eachInvalid('spec.parameters.namespace', parameters.namespace, dnsLabel(parameters.namespace));
    } else if (parameters.namespace !== undefined) found.forbidden('spec.parameters.namespace', 'has no meaning with the scope Cluster');
  },
  validateUpdate(object, old, found) {
    found.immutable('spec.controller', object['spec'].controller, old['spec'].controller);
  },
};
