import type { APIServiceSpec } from '../../../../kubernetes/types.generated.ts';
import { dns1035Label, dnsSubdomain, pathSegmentName } from '../../validation/dns-name.ts';
import { validateObjectMeta } from '../../validation/object-meta.ts';
import { portNumber } from '../../validation/port.ts';
import type { KindRules } from '../built-in-kind.ts';

export const apiService: KindRules = {
  group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIService', namespaced: false, statusKeepsMetadata: true, needsResourceVersion: true, anyFinalizer: true,
  default(object) {
    const service = (object['spec'] as APIServiceSpec | undefined)?.service;
    if (service !== undefined) service.port ??= 443;
  },
  prepare(object) {
    const spec = object['spec'] as APIServiceSpec;
    if (spec.service === undefined) object['status'] = { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: object.metadata.creationTimestamp, reason: 'Local', message: 'Local APIServices are always available' }] };
  },
  validateMetadata(object, found) {
    const spec = object['spec'] as APIServiceSpec;
    const required = `${spec.version ?? ''}.${spec.group ?? ''}`;
    const name = (text: string): readonly string[] => {
      const messages = pathSegmentName(text);
      return messages.length > 0 ? messages : text === required ? [] : [`must be ${required}, the version and the group`];
    };
    validateObjectMeta(object.metadata, { name, namespaced: false, anyFinalizer: true }, 'metadata', found);
  },
  validate(object, found) {
    const spec = object['spec'] as APIServiceSpec;
    const group = spec.group ?? '', version = spec.version ?? '';
    if (group === '' && version !== 'v1') found.required('spec.group', 'only v1 has none');
    if (group !== '' && dnsSubdomain(group).length > 0) for (const message of dnsSubdomain(group)) found.invalid('spec.group', group, message);
    for (const message of dns1035Label(version)) found.invalid('spec.version', version, message);
    if (!(spec.groupPriorityMinimum > 0 && spec.groupPriorityMinimum <= 20_000)) found.invalid('spec.groupPriorityMinimum', spec.groupPriorityMinimum, 'must be from 1 to 20000');
    if (!(spec.versionPriority > 0 && spec.versionPriority <= 1000)) found.invalid('spec.versionPriority', spec.versionPriority, 'must be from 1 to 1000');
    const bundle = (spec.caBundle ?? '') !== '';
    if (spec.service === undefined) {
      if (bundle) found.invalid('spec.caBundle', '<bundle>', 'a local APIService has none');
      if (spec.insecureSkipTLSVerify === true) found.invalid('spec.insecureSkipTLSVerify', true, 'a local APIService has none');
      return;
    }
    for (const field of ['namespace', 'name'] as const) if ((spec.service[field] ?? '') === '') found.required(`spec.service.${field}`);
    if (portNumber(spec.service.port ?? 0).length > 0) found.invalid('spec.service.port', spec.service.port, 'must be from 1 to 65535');
    if (spec.insecureSkipTLSVerify === true && bundle) found.invalid('spec.insecureSkipTLSVerify', true, 'excludes caBundle');
  },
};
