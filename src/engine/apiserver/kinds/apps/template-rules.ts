import type { LabelSelector, PodTemplateSpec } from '../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../validation/field-error.ts';
import { isEmptySelector, selectorMatches, validateLabelSelector } from '../../validation/label-selector.ts';
import { validatePodTemplate } from '../core/pod/validate-template.ts';

const ALWAYS = new Set(['Always']);


/** What every workload that keeps pods running wants: pods that its selector finds and that always restart. */
export function validateRunningTemplate(template: PodTemplateSpec, selector: LabelSelector | undefined, path: string, found: Findings): void {
  // No selector selects nothing; an empty one selects all.
  if (selector === undefined || selector === null || !isEmptySelector(selector)) {
    const labels = template.metadata?.labels;
    if (selector === undefined || selector === null || selectorMatches(selector, labels) === false) found.invalid(`${path}.metadata.labels`, labels, 'must match the selector');
  }
  validatePodTemplate(template, path, found);
  requireAlways(template, path, found);
}

export function requireAlways(template: PodTemplateSpec, path: string, found: Findings): void {
  const spec = template.spec;
  if (spec?.restartPolicy !== 'Always') found.notSupported(`${path}.spec.restartPolicy`, spec?.restartPolicy, ALWAYS);
  if (spec?.activeDeadlineSeconds !== undefined) found.forbidden(`${path}.spec.activeDeadlineSeconds`, 'pods that always restart have no deadline');
}

/** Gives `true` where the selector can be tried on labels. */
export function validateWorkloadSelector(selector: LabelSelector | undefined | null, path: string, found: Findings): boolean {
  if (selector === undefined || selector === null) {
    found.required(path);
    return true;
  }
  validateLabelSelector(selector, path, found);
  if (isEmptySelector(selector)) found.invalid(path, selector, 'must not be empty');
  if (selectorMatches(selector, {}) === undefined) {
    found.invalid(path, selector, 'is not a selector');
    return false;
  }
  return true;
}
