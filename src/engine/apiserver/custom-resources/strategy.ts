import type { JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import { requestBudget, withinBudget } from '../cel/budget.ts';
import { bumpGeneration, genericStrategy } from '../kinds/generic-strategy.ts';
import type { KindObject, Strategy } from '../kinds/strategy.ts';
import type { FieldError } from '../validation/field-error.ts';
import { celErrors } from './cel-rules.ts';
import { fillDefaults } from './defaults.ts';
import { isChanged } from './ratcheting.ts';
import { schemaErrors } from './value-rules.ts';

const namePattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Defaults, validation and the status split of one version of a custom resource. */
export function customStrategy(schema: JSONSchemaProps | undefined, hasStatus: boolean): Strategy {
  const own = withoutMetadata(schema);
  const errors = (object: KindObject, old?: KindObject): FieldError[] => {
    const wrong = own === undefined ? [] : schemaErrors(object, own);
    const found = [...nameErrors(object), ...(old === undefined || own === undefined ? wrong : wrong.filter((e) => isChanged(e, object, old, own)))];
    // Rules presume what the schema says: they run once that holds.
    return found.length > 0 || own === undefined ? found : withinBudget(requestBudget, () => celErrors(object, old, own));
  };
  return {
    ...genericStrategy,
    default: (object) => { if (own !== undefined) fillDefaults(object, own); },
    prepareForCreate: (object) => {
      if (hasStatus) delete object['status'];
      object.metadata.generation = 1;
    },
    prepareForUpdate: (object, old, context) => {
      if (hasStatus) genericStrategy.prepareForUpdate(object, old, context);
      else bumpGeneration(object, old);
    },
    validate: (object) => errors(object),
    validateUpdate: errors,
    validateStatusUpdate: errors,
  };
}

function withoutMetadata(schema: JSONSchemaProps | undefined): JSONSchemaProps | undefined {
  if (schema === undefined) return undefined;
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...properties } = (schema.properties ?? {}) as Record<string, JSONSchemaProps>;
  return { ...schema, properties } as JSONSchemaProps;
}

function nameErrors({ metadata }: KindObject): FieldError[] {
  const { name } = metadata;
  if (name === undefined || name === '') return [{ type: 'Required', field: 'metadata.name', detail: 'name or generateName is required' }];
  return name.length > 253 || !namePattern.test(name) ? [{ type: 'Invalid', field: 'metadata.name', value: name, detail: 'It must be a DNS name: lower-case letters, digits, hyphens and dots' }] : [];
}
