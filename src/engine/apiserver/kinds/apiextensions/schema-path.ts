import { childSchema, childSchemas, type Schema } from './schema-tree.ts';

export interface SchemaAt {
  readonly schema: Schema | undefined;
  /** The names that the path goes through; the same for `.a.b` and `['a']['b']`. */
  readonly names: readonly string[];
}

const STEP = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/sy;

/** Where a path such as `.spec.names['a.b']` leads in a schema: through fields and the values of maps, not through lists. Undefined where it leads nowhere. */
export function schemaAt(root: Schema, path: string, allowBrackets = true): SchemaAt | undefined {
  const names: string[] = [];
  let schema: Schema | undefined = root;
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const step = STEP.exec(path);
    if (step === null || (step[2] !== undefined && !allowBrackets)) return undefined;
    const name = step[1] ?? step[2]?.replaceAll(/\\(.)/gs, '$1') ?? '';
    const fields: [string, Schema][] = childSchemas(schema?.properties);
    if (fields.length > 0) {
      const field = fields.find(([key]) => key === name);
      if (field === undefined) return undefined;
      schema = field[1];
    } else if (schema?.additionalProperties !== undefined) schema = childSchema(schema.additionalProperties);
    else return undefined;
    names.push(name);
  }
  return { schema, names };
}
