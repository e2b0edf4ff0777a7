import type { CustomResourceDefinitionSpec } from '../../../../kubernetes/types.generated.ts';
import { subschemas, type Schema } from './schema-tree.ts';

/** Formats of strings that Kubernetes checks, without their dashes. */
const KNOWN = new Set(['bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac', 'uuid', 'uuid3', 'uuid4', 'uuid5', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor', 'rgbcolor', 'byte', 'password', 'date', 'duration', 'datetime', 'k8sshortname', 'k8slongname']);

/** Formats in a definition's schemas that nobody checks, each once. */
export function unknownFormats(spec: CustomResourceDefinitionSpec): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (schema: Schema): void => {
    const { format = '' } = schema;
    if (format !== '' && schema.type === 'string' && !KNOWN.has(format.replaceAll('-', ''))) found.add(format);
    for (const [child] of subschemas(schema)) visit(child);
  };
  for (const version of spec.versions ?? []) if (version.schema?.openAPIV3Schema !== undefined) visit(version.schema.openAPIV3Schema);
  return found;
}
