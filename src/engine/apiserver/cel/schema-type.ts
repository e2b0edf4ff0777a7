import type { SchemaNode } from '../schema/schema-node.ts';
import { escapeName, type DeclaredType } from './declared-type.ts';

const dyn: DeclaredType = { kind: 'dyn', max: 1024, minBytes: 1 };
const scalar = (kind: 'string' | 'bytes' | 'timestamp' | 'int' | 'double' | 'bool'): DeclaredType => ({ kind, max: 1024, minBytes: 1 });
const known = new WeakMap<SchemaNode, DeclaredType>();

/** The type of a built-in kind's values. Definitions that contain themselves are dynamic below the first time. */
export function schemaType(node: SchemaNode, above: readonly string[] = []): DeclaredType {
  const found = above.length === 0 ? known.get(node) : undefined;
  if (found !== undefined) return found;
  if (node.intOrString || (node.definition !== undefined && above.includes(node.definition))) return dyn;
  const made = typeOf(node, node.definition === undefined ? above : [...above, node.definition]);
  if (above.length === 0) known.set(node, made);
  return made;
}

function typeOf(node: SchemaNode, above: readonly string[]): DeclaredType {
  switch (node.type) {
    case 'string': return scalar(node.format === 'date-time' ? 'timestamp' : node.format === 'byte' ? 'bytes' : 'string');
    case 'integer': return scalar('int');
    case 'number': return scalar('double');
    case 'boolean': return scalar('bool');
    case 'array': return { kind: 'list', item: node.items === undefined ? dyn : schemaType(node.items, above), max: 1024, minBytes: 2 };
    case 'object': {
      if (node.properties === undefined) return node.additionalProperties === undefined ? dyn : { kind: 'map', value: schemaType(node.additionalProperties, above), max: 1024, minBytes: 2 };
      const fields = new Map<string, DeclaredType>();
      for (const [name, child] of node.properties) {
        const escaped = escapeName(name);
        if (escaped === undefined) continue;
        const type = schemaType(child, above);
        fields.set(escaped, type);
        if (name === 'namespace') fields.set(name, type);
      }
      return { kind: 'object', fields, minBytes: 2 };
    }
    case 'any': return dyn;
  }
}
