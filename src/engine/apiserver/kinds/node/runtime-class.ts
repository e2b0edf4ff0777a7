import type { RuntimeClass } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel } from '../../validation/dns-name.ts';
import { validateLabels } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';
import { validateTolerations } from '../core/pod/validate-scheduling.ts';
import { validateResources } from '../core/pod/validate-resources.ts';

export const runtimeClass: KindRules = {
  group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass', namespaced: false, needsResourceVersion: true, anyFinalizer: true,
  validate(object, found) {
    const spec = object as unknown as RuntimeClass;
    found.eachInvalid('handler', spec.handler, dnsLabel(spec.handler));
    if (spec.overhead !== undefined) validateResources({ limits: spec.overhead.podFixed }, 'overhead', found);
    validateLabels(spec.scheduling?.nodeSelector, 'scheduling.nodeSelector', found);
    validateTolerations(spec.scheduling?.tolerations, 'scheduling.tolerations', found);
    const seen = new Set<string>();
    spec.scheduling?.tolerations?.forEach((toleration, i) => {
      const key = JSON.stringify({ ...toleration, tolerationSeconds: 0 });
      if (seen.has(key)) found.duplicate(`scheduling.tolerations[${i}]`, toleration);
      seen.add(key);
    });
  },
  validateUpdate(object, old, found) {
    found.immutable('handler', object['handler'], old['handler']);
  },
};
