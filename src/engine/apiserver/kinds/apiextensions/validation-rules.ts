import type { JSONSchemaProps } from '../../../../kubernetes/types.generated.ts';
import { ExpressionChecker } from '../../cel/check.ts';
import { declaredType, mostInRequest, type DeclaredType } from '../../cel/declared-type.ts';
import type { Findings } from '../../validation/field-error.ts';

interface Rule { readonly rule: string; readonly messageExpression?: string; readonly optionalOldSelf?: boolean }

/** As Kubernetes limits what an expression, and all of one definition's version, are estimated to cost. */
const MAX_EXPRESSION_COST = 10_000_000;
const MAX_TOTAL_COST = 100_000_000;

const rulesOf = (schema: JSONSchemaProps): readonly Rule[] => (schema['x-kubernetes-validations'] ?? []) as readonly Rule[];

/** Reads the rules of a schema that is valid otherwise: each must parse, fit the types that the schema declares, and not cost too much. */
export function validateRules(root: JSONSchemaProps, path: string, found: Findings): void {
  const nodes = ruleNodes(root, path);
  if (nodes.length === 0) return;
  const types = new Map(nodes.map((node) => [node, declaredType(node.schema, node.schema === root || node.schema['x-kubernetes-embedded-resource'] === true)]));
  const checker = new ExpressionChecker([...types.values()].filter((type) => type !== undefined));
  const costs: { at: string; cost: number }[] = [];
  for (const node of nodes) {
    const type = types.get(node);
    rulesOf(node.schema).forEach((rule, i) => {
      const at = `${node.path}.x-kubernetes-validations[${i}]`;
      if (type === undefined) found.invalid(`${at}.rule`, rule, 'the schema declares no type that a rule could read');
      else costs.push(...validateExpressions(checker, rule, node, type, at, found));
    });
  }
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= MAX_TOTAL_COST) return;
  for (const { at, cost } of costs.toSorted((a, b) => b.cost - a.cost).slice(0, 4)) {
    if (cost > MAX_TOTAL_COST / 100) found.forbidden(at, 'contributed to the estimated cost of all rules, which is too high');
  }
  found.forbidden(path, `the estimated cost of all rules is ${factor(total, MAX_TOTAL_COST)} times the limit: bound lists, maps and strings with maxItems, maxProperties and maxLength`);
}

const factor = (cost: number, limit: number): string => (cost / limit > 100 ? 'more than 100' : (cost / limit).toFixed(1));

interface RuleNode {
  readonly schema: JSONSchemaProps;
  readonly path: string;
  /** How often the node can stand in one object; undefined: as often as a request can hold it. */
  readonly count: number | undefined;
  /** Below a list whose items have no keys: an item's old value cannot be told. */
  readonly uncorrelatable?: string;
}

/** The nodes that have rules, depth first. */
function ruleNodes(root: JSONSchemaProps, path: string): RuleNode[] {
  const nodes: RuleNode[] = [];
  const visit = (node: RuleNode): void => {
    const { schema, path: at, count, uncorrelatable } = node;
    if (rulesOf(schema).length > 0) nodes.push(node);
    const below = { count, ...(uncorrelatable !== undefined && { uncorrelatable }) };
    const rest = schema.additionalProperties as JSONSchemaProps | boolean | undefined;
    if (typeof rest === 'object') visit({ ...below, schema: rest, path: `${at}.additionalProperties`, count: times(count, schema.maxProperties) });
    for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, JSONSchemaProps>)) visit({ ...below, schema: child, path: `${at}.properties[${name}]` });
    if (schema.items !== undefined) {
      const keyed = schema['x-kubernetes-list-type'] === 'map';
      visit({ ...below, schema: schema.items as JSONSchemaProps, path: `${at}.items`, count: times(count, schema.maxItems), ...(!keyed && uncorrelatable === undefined && { uncorrelatable: at }) });
    }
  };
  visit({ schema: root, path, count: 1 });
  return nodes;
}

const times = (count: number | undefined, most: number | undefined): number | undefined => (count === undefined || most === undefined ? undefined : count * most);

function validateExpressions(checker: ExpressionChecker, rule: Rule, node: RuleNode, type: DeclaredType, at: string, found: Findings): { at: string; cost: number }[] {
  const variables = { self: type, oldSelf: rule.optionalOldSelf === true ? { optional: type } : type };
  const costs: { at: string; cost: number }[] = [];
  const read = (expression: string, field: 'rule' | 'messageExpression', wants: string): ReadonlySet<string> | undefined => {
    const checked = checker.check(expression, variables);
    if ('fault' in checked) {
      found.invalid(`${at}.${field}`, rule, checked.fault);
      return undefined;
    }
    if (checked.type !== wants && checked.type !== 'dyn') found.invalid(`${at}.${field}`, rule, `must be a ${wants}, not ${checked.type}`);
    const cost = checked.maxCost * (node.count ?? mostInRequest(type));
    costs.push({ at: `${at}.${field}`, cost });
    if (cost > MAX_EXPRESSION_COST) found.forbidden(`${at}.${field}`, `its estimated cost is ${factor(cost, MAX_EXPRESSION_COST)} times the limit: simplify it, or bound lists, maps and strings with maxItems, maxProperties and maxLength`);
    return checked.variables;
  };
  const named = read(rule.rule, 'rule', 'bool');
  if (named?.has('oldSelf') === true) {
    if (node.uncorrelatable !== undefined) found.invalid(`${at}.rule`, rule.rule, `oldSelf cannot be told within ${node.uncorrelatable}, whose items have no keys`);
  } else if (rule.optionalOldSelf !== undefined) found.invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'goes with a rule that names oldSelf');
  if (rule.messageExpression !== undefined && rule.messageExpression !== '') read(rule.messageExpression, 'messageExpression', 'string');
  return costs;
}
