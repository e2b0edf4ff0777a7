import { definitionNode, definitions } from './definitions.ts';
import type { SchemaNode } from './schema-node.ts';

let kinds: Map<string, string> | undefined;

/** The full definition name of a built-in kind, such as `io.k8s.api.apps.v1.Deployment`. */
export function definitionOf(group: string, version: string, kind: string): string | undefined {
  if (!kinds) {
    kinds = new Map();
    for (const [name, definition] of Object.entries(definitions)) {
      for (const gvk of definition['x-kubernetes-group-version-kind'] ?? []) kinds.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, name);
    }
  }
  return kinds.get(`${group}/${version}/${kind}`);
}

/** The schema of a built-in kind, its lists and options included; absent for kinds that Kubernetes does not serve itself. */
export function schemaFor(group: string, version: string, kind: string): SchemaNode | undefined {
  const name = definitionOf(group, version, kind);
  return name === undefined ? undefined : definitionNode(name);
}
