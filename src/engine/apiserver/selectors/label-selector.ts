import { badRequest } from '../api-error.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

const token = /\s*(?:(!=|==|=|!|\(|\)|,|>|<)|([^\s,()=!<>]+))/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw wrong(text, `unexpected character at position ${at}`);
    found.push((match[1] ?? match[2]) as string);
  }
  return found;
}

const wrong = (text: string, why: string): Error => badRequest(`unable to parse requirement: label selector ${JSON.stringify(text)}: ${why}`);
const isOperator = (t: string | undefined): boolean => t === undefined || /^(?:!=|==?|!|[(),<>])$/.test(t);
const keyPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const valuePattern = /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** Parses `a=b,c in (d,e),!f,g>1` as the API's labelSelector parameter defines it. An empty text selects everything.
 *  @throws {StatusError} 400 */
export function parseLabelSelector(text: string): LabelPredicate {
  const all = tokens(text);
  let at = 0;
  const requirements: LabelPredicate[] = [];
  const key = (): string => {
    const word = all[at++];
    if (word === undefined || isOperator(word)) throw wrong(text, 'a label key is needed');
    if (!keyPattern.test(word)) throw wrong(text, `${JSON.stringify(word)} is not a label key`);
    return word;
  };
  const value = (word: string): string => {
    if (!valuePattern.test(word)) throw wrong(text, `${JSON.stringify(word)} is not a label value`);
    return word;
  };
  while (at < all.length) {
    requirements.push(requirement());
    if (at < all.length && all[at++] !== ',') throw wrong(text, 'a comma is needed between requirements');
    else if (at === all.length && all[at - 1] === ',') throw wrong(text, 'it ends in a comma');
  }
  return requirements.length === 1 ? (requirements[0] as LabelPredicate) : (labels) => requirements.every((r) => r(labels));

  function requirement(): LabelPredicate {
    if (all[at] === '!') {
      at++;
      const absent = key();
      return (labels) => labels[absent] === undefined;
    }
    const name = key();
    const operator = all[at];
    if (operator === undefined || operator === ',') return (labels) => labels[name] !== undefined;
    at++;
    switch (operator) {
      case '=': case '==': { const wanted = single(); return (labels) => labels[name] === wanted; }
      case '!=': { const unwanted = single(); return (labels) => labels[name] !== unwanted; }
      case 'in': { const set = values(); return (labels) => labels[name] !== undefined && set.has(labels[name]); }
      case 'notin': { const set = values(); return (labels) => labels[name] === undefined || !set.has(labels[name]); }
      case '>': case '<': {
        const bound = Number(single());
        if (!Number.isInteger(bound)) throw wrong(text, 'an integer is needed after > or <');
        return (labels) => labels[name] !== undefined && (operator === '>' ? Number(labels[name]) > bound : Number(labels[name]) < bound);
      }
      default: throw wrong(text, `${JSON.stringify(operator)} is not an operator`);
    }
  }
  function single(): string {
    if (all[at] === undefined || all[at] === ',') return '';
    if (isOperator(all[at])) throw wrong(text, 'a value is needed');
    return value(all[at++] as string);
  }
  function values(): Set<string> {
    if (all[at++] !== '(') throw wrong(text, 'a list in parentheses is needed');
    const set = new Set<string>();
    let last = ',';
    for (;;) {
      const word = all[at++];
      if (word === undefined) throw wrong(text, 'the list has no end');
      if (word === ')') { if (last === ',') set.add(''); break; }
      if (word === ',') { if (last === ',') set.add(''); }
      else if (isOperator(word)) throw wrong(text, 'a value is needed');
      else set.add(value(word));
      last = word === ',' ? ',' : 'word';
    }
    return set;
  }
}

interface SelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** Whether labels match a LabelSelector object; an absent or empty one matches all. */
export function matchesSelector(selector: SelectorObject | undefined, labels: Labels): boolean {
  if (selector === undefined) return true;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In': return value !== undefined && values.includes(value);
      case 'NotIn': return value === undefined || !values.includes(value);
      case 'Exists': return value !== undefined;
      default: return value === undefined;
    }
  });
}
