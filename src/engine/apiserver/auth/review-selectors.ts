import { parseFieldSelector } from '../selectors/field-selector.ts';
import { parseLabelSelector } from '../selectors/label-selector.ts';

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly { readonly operator?: string; readonly values?: readonly string[] }[];
}

export interface ReviewSelectors {
  readonly fieldSelector?: Selector;
  readonly labelSelector?: Selector;
}

const LABEL_OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** What of a review's selectors could not be read, for `status.evaluationError`: it is left out of the question. Empty: all could be. */
export function selectorFaults({ fieldSelector, labelSelector }: ReviewSelectors): string[] {
  const isField = ({ operator, values = [] }: { operator?: string; values?: readonly string[] }): boolean => (operator === 'In' || operator === 'NotIn') && values.length === 1;
  return [
    ...faults('fieldSelector', fieldSelector, parseFieldSelector, isField),
    ...faults('labelSelector', labelSelector, parseLabelSelector, ({ operator }) => LABEL_OPERATORS.has(operator ?? '')),
  ];
}

function faults(name: string, selector: Selector | undefined, parse: (text: string) => unknown, isKnown: (requirement: { operator?: string; values?: readonly string[] }) => boolean): string[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const read = requirements.filter(isKnown).length;
  if (read === requirements.length && (rawSelector === '' || canParse(parse, rawSelector))) return [];
  return [`spec.resourceAttributes.${name} ${read > 0 ? 'partially ' : ''}ignored due to parse error`];
}

function canParse(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
