import type { PodTemplateSpec } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { validateAnnotations, validateLabels } from '../../../validation/label.ts';
import { validatePodSpec } from './validate-spec.ts';

/** Metadata of a template has paths without `metadata`, as Kubernetes has it. */
export function validatePodTemplate(template: PodTemplateSpec, path: string, found: Findings): void {
  validateLabels(template.metadata?.labels, `${path}.labels`, found);
  validateAnnotations(template.metadata?.annotations, `${path}.annotations`, found);
  if (template.spec === undefined) return;
  validatePodSpec(template.spec, `${path}.spec`, found);
  if ((template.spec.ephemeralContainers?.length ?? 0) > 0) found.forbidden(`${path}.spec.ephemeralContainers`, 'a template has none');
}
