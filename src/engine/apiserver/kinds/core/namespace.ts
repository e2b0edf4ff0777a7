import { dnsLabel } from '../../validation/dns-name.ts';
import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';

const POD_SECURITY = 'pod-security.kubernetes.io';
const LEVELS = new Set(['privileged', 'baseline', 'restricted']);
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
    (object['spec'].finalizers as string[] | undefined)?.forEach((finalizer) => {
      const messages = qualifiedName(finalizer);
      found.eachInvalid('spec.finalizers', finalizer, messages);
      if (!finalizer.includes('/') && finalizer !== 'kubernetes' && finalizer !== 'orphan' && finalizer !== 'foregroundDeletion') {
        found.invalid('spec.finalizers', finalizer, 'must have a domain');
      }
    });
    const label = object.metadata.labels?.[NAME_LABEL];
    if (label !== undefined && object.metadata.name !== undefined && label !== object.metadata.name) found.invalid(`metadata.labels[${NAME_LABEL}]`, label, 'must be the name');
    // The levels are looked at once everything else is right.
    if (found.errors.length > 0) return;
    for (const mode of ['enforce', 'audit', 'warn']) {
      const level = object.metadata.labels?.[`${POD_SECURITY}/${mode}`];
      if (level !== undefined && !LEVELS.has(level)) found.invalid(`metadata.labels[${POD_SECURITY}/${mode}]`, level, 'must be privileged, baseline or restricted');
      const version = object.metadata.labels?.[`${POD_SECURITY}/${mode}-version`];
      if (version !== undefined && !/^(latest|v1\.(0|[1-9]\d*))$/.test(version)) found.invalid(`metadata.labels[${POD_SECURITY}/${mode}-version]`, version, 'must be latest or v1.x');
    }
  },
};
