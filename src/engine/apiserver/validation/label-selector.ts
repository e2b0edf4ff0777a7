import type { LabelSelector } from '../../../kubernetes/types.generated.ts';
import type { Findings } from './field-error.ts';
import { labelValue, qualifiedName, validateLabels } from './label.ts';

export function validateLabelSelector(selector: LabelSelector | undefined | null, path: string, found: Findings, allowInvalidValues = false): void {
  if (selector === undefined || selector === null) return;
  validateLabels(selector.matchLabels, `${path}.matchLabels`, found);
  selector.matchExpressions?.forEach((term, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    switch (term.operator) {
      case 'In':
      case 'NotIn':
        if ((term.values?.length ?? 0) === 0) found.required(`${at}.values`, `is needed with the operator ${term.operator}`);
        break;
      case 'Exists':
      case 'DoesNotExist':
        if ((term.values?.length ?? 0) > 0) found.forbidden(`${at}.values`, `has no meaning with the operator ${term.operator}`);
        break;
      default:
        found.invalid(`${at}.operator`, term.operator, 'must be In, NotIn, Exists or DoesNotExist');
    }
    found.eachInvalid(`${at}.key`, term.key, qualifiedName(term.key));
    if (!allowInvalidValues) term.values?.forEach((value, j) => found.eachInvalid(`${at}.values[${j}]`, value, labelValue(value)));
  });
}

export function isEmptySelector(selector: LabelSelector | undefined | null): boolean {
  if (selector === undefined || selector === null) return true;
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions?.length ?? 0) === 0;
}

/** What a malformed selector answers: undefined, as no label set can be tried on it. */
export function selectorMatches(selector: LabelSelector, labels: Record<string, string> | undefined): boolean | undefined {
  const set = labels ?? {};
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (qualifiedName(key).length > 0 || labelValue(value).length > 0) return undefined;
  }
  let matches = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => set[key] === value);
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (qualifiedName(key).length > 0 || values.some((v) => labelValue(v).length > 0)) return undefined;
    const value = set[key];
    switch (operator) {
      case 'In':
        if (values.length === 0) return undefined;
        matches &&= value !== undefined && values.includes(value);
        break;
      case 'NotIn':
        if (values.length === 0) return undefined;
        matches &&= value === undefined || !values.includes(value);
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) return undefined;
        matches &&= (value !== undefined) === (operator === 'Exists');
        break;
      default:
        return undefined;
    }
  }
  return matches;
}
