import type { DaemonSetSpec } from '../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../validation/field-error.ts';
import { countOf, validateAtMostAll, validateIntOrPercent } from '../../validation/int-or-percent.ts';
import { isEmptySelector, selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts';
import { badRequest } from '../../api-error.ts';
import type { KindRules } from '../built-in-kind.ts';
import { templateWarnings } from '../core/pod/warnings.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { validatePodTemplate } from '../core/pod/validate-template.ts';
import { validateCounts } from './deployment.ts';
import { requireAlways } from './template-rules.ts';

const STRATEGIES = new Set(['OnDelete', 'RollingUpdate']);
/** Counts changes of the template; older clients read it. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

export const daemonSet: KindRules = {
  group: 'apps', version: 'v1', kind: 'DaemonSet', namespaced: true, generation: true,
  warnings: (object) => templateWarnings(object['spec'].template, 'spec.template'),
  default(object) {
    const generation = object.metadata.annotations?.[TEMPLATE_GENERATION];
    if (generation !== undefined && !/^[+-]?\d{1,18}$/.test(generation)) throw badRequest(`The annotation ${TEMPLATE_GENERATION} must be an integer, not ${JSON.stringify(generation)}`);
    const spec = object['spec'] as DaemonSetSpec;
    const strategy = (spec.updateStrategy ??= {});
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= 1;
      strategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    defaultPodSpec(spec.template.spec!);
  },
  prepare(object) {
    const given = object.metadata.annotations?.[TEMPLATE_GENERATION];
    (object.metadata.annotations ??= {})[TEMPLATE_GENERATION] = String(Math.max(1, Number(given ?? 1)));
  },
  prepareUpdate(object, old) {
    const before = old.metadata.annotations?.[TEMPLATE_GENERATION] ?? '0';
    const changed = JSON.stringify(object['spec'].template) !== JSON.stringify(old['spec'].template);
    (object.metadata.annotations ??= {})[TEMPLATE_GENERATION] = changed ? String(Number(before) + 1) : before;
  },
  validate(object, found) {
    const spec = object['spec'] as DaemonSetSpec;
    validateLabelSelector(spec.selector, 'spec.selector', found);
    const labels = spec.template.metadata?.labels;
    const matches = spec.selector == null ? false : isEmptySelector(spec.selector) ? undefined : selectorMatches(spec.selector, labels);
    if (matches === false) found.invalid('spec.template.metadata.labels', labels, 'must match the selector');
    if (spec.selector != null && isEmptySelector(spec.selector)) found.invalid('spec.selector', spec.selector, 'must not be empty');
    validatePodTemplate(spec.template, 'spec.template', found);
    requireAlways(spec.template, 'spec.template', found);
    found.nonNegative('spec.minReadySeconds', spec.minReadySeconds);
    validateStrategy(spec, 'spec.updateStrategy', found);
    found.nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  },
  validateUpdate(object, old, found) {
    found.immutable('spec.selector', object['spec'].selector, old['spec'].selector);
  },
  validateStatus: (object, _old, found) => validateCounts(object['status'], ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount'], found),
};

function validateStrategy({ updateStrategy = {} }: DaemonSetSpec, path: string, found: Findings): void {
  if (updateStrategy.type === 'OnDelete') return;
  if (updateStrategy.type !== 'RollingUpdate') {
    found.notSupported(path, updateStrategy.type, STRATEGIES);
    return;
  }
  const rolling = updateStrategy.rollingUpdate;
  if (rolling === undefined) {
    found.required(`${path}.rollingUpdate`);
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  validateIntOrPercent(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, found);
  validateAtMostAll(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, found);
  validateIntOrPercent(maxSurge, `${path}.rollingUpdate.maxSurge`, found);
  validateAtMostAll(maxSurge, `${path}.rollingUpdate.maxSurge`, found);
  if (countOf(maxUnavailable) !== 0 && countOf(maxSurge) !== 0) found.invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'must be 0 where maxUnavailable is not');
  if (countOf(maxUnavailable) === 0 && countOf(maxSurge) === 0) found.required(`${path}.rollingUpdate.maxUnavailable`, 'must not be 0 where maxSurge is 0 too');
}
