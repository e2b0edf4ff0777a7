import type { CustomResourceColumnDefinition, CustomResourceDefinition, JSONSchemaProps } from '../kubernetes/types.generated.ts';
import { GROUP, VERSION } from './group.ts';

/** Words to write structural schemas in: each gives one OpenAPI v3 node of a CustomResourceDefinition. */

export function text(description: string, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'string', description, ...extra };
}

export function integer(description: string, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'integer', format: 'int64', description, ...extra };
}

export function number(description: string, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'number', description, ...extra };
}

export function flag(description: string, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'boolean', description, ...extra };
}

/** RFC 3339. */
export function time(description: string): JSONSchemaProps {
  return { type: 'string', format: 'date-time', description };
}

export function object(description: string, properties: Record<string, JSONSchemaProps>, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'object', description, properties, ...extra };
}

export function list(description: string, items: JSONSchemaProps, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: 'array', description, items, ...extra };
}

/** A list whose items are told apart by `keys`: server-side apply merges it item by item, and two items with equal keys are refused. */
export function keyedList(description: string, keys: string[], items: JSONSchemaProps, extra: JSONSchemaProps = {}): JSONSchemaProps {
  return list(description, items, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys, ...extra });
}

export function mapOf(description: string, values: JSONSchemaProps): JSONSchemaProps {
  return { type: 'object', description, additionalProperties: values };
}

/** A PodTemplateSpec: kept whole; the API server checks it when the Deployment or Job is made. */
export function podTemplate(description: string): JSONSchemaProps {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
}

/** Rules in CEL, as [rule, message]. */
export function rules(...pairs: (readonly [rule: string, message: string])[]): JSONSchemaProps {
  return { 'x-kubernetes-validations': pairs.map(([rule, message]) => ({ rule, message })) };
}

/** `status.conditions`, as in metav1.Condition. */
export const conditions: JSONSchemaProps = keyedList(
  'Conditions, one a type.',
  ['type'],
  object(
    'One condition.',
    {
      type: text('Type of the condition.', { maxLength: 316 }),
      status: text('True, False or Unknown.', { enum: ['True', 'False', 'Unknown'] }),
      reason: text('Why, in PascalCase.', { maxLength: 1024 }),
      message: text('Why, for people.', { maxLength: 32768 }),
      lastTransitionTime: time('When the status last changed.'),
      observedGeneration: integer('Generation of the spec that this condition speaks of.'),
    },
    { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
  ),
);

export const observedGeneration = integer('Generation of the spec that this status speaks of.');

export function column(name: string, jsonPath: string, description: string, type = 'string', priority = 0): CustomResourceColumnDefinition {
  return priority === 0 ? { name, type, jsonPath, description } : { name, type, jsonPath, description, priority };
}

export const age = column('Age', '.metadata.creationTimestamp', 'Time since creation.', 'date');

export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: string[];
  readonly description: string;
  readonly spec: JSONSchemaProps;
  /** Absent: the kind only states rules, and nothing reports on it. */
  readonly status?: JSONSchemaProps;
  readonly columns: CustomResourceColumnDefinition[];
  /** Default: `Namespaced`. */
  readonly scope?: 'Namespaced' | 'Cluster';
  /** Rules over the whole object, names included. */
  readonly validations?: JSONSchemaProps;
}

/** A kind of the group aweigh.dev with a status subresource. */
export function customResourceDefinition(definition: KindDefinition): CustomResourceDefinition {
  const { kind, plural, singular, shortNames, description, spec, status, columns } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: definition.scope ?? 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, categories: ['aweigh'], ...(shortNames && { shortNames }) },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          ...(status && { subresources: { status: {} } }),
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, spec, ...(status && { status }) },
              ...definition.validations,
            },
          },
        },
      ],
    },
  };
}
