import { dnsLabel } from '../../validation/dns-name.ts';
import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const namespace: KindRules = {
  group: '', version: 'v1', kind: 'Namespace', namespaced: false, name: dnsLabel,
  default(object) {
    if (object.metadata.name !== undefined) (object.metadata.labels ??= {})[NAME_LABEL] = object.metadata.name;
  },
  prepare(object) {
    object['status'] = { phase: 'Active' };
    const finalizers = (object['spec'].finalizers ??= []) as string[];
    if (!finalizers.includes('kubernetes')) finalizers.push('kubernetes');
  },
  prepareUpdate(object, old) {
    object['spec'].finalizers = old['spec'].finalizers;
  },
  validate(object, found) {
    (object['spec'].finalizers as string[] | undefined)?.forEach((finalizer, i) => {
      const messages = qualifiedName(finalizer);
      found.eachInvalid('spec.finalizers', finalizer, messages);
      if (messages.length === 0 && !finalizer.includes('/') && finalizer !== 'kubernetes' && finalizer !== 'orphan' && finalizer !== 'foregroundDeletion') {
        found.invalid(`spec.finalizers[${i}]`, finalizer, 'must have a domain');
      }
    });
    const label = object.metadata.labels?.[NAME_LABEL];
    if (label !== undefined && label !== object.metadata.name) found.invalid(`metadata.labels[${NAME_LABEL}]`, label, 'must be the name');
  },
};
