import type { KubernetesObject } from '../../../client/resource.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps } from '../../../kubernetes/types.generated.ts';
import type { Conversion } from '../resources/served-resource.ts';
import { fillDefaults } from './defaults.ts';

/** How one version shows what another wrote, by the strategy None: the same fields under another apiVersion, with the defaults that came since.
 *  Undefined where every object is stored as this version shows it. */
export function versionConversion({ spec, metadata }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): Conversion | undefined {
  const storage = spec?.versions?.find((v) => v.storage) ?? version;
  const schema = schemaWithDefaults(version), storedSchema = schemaWithDefaults(storage);
  if ((spec?.versions ?? []).length === 1 && schema === undefined) return undefined;
  const apiVersion = `${spec?.group}/${version.name}`, stored = `${spec?.group}/${storage.name}`;
  const definedAt = Number(metadata?.resourceVersion ?? 0);
  return {
    toStored: (object) => (object.apiVersion === stored ? object : renamed(object, stored, storedSchema)),
    fromStored(object) {
      // Who wrote it after the definition wrote it with these defaults.
      const isOlder = schema !== undefined && Number(object.metadata?.resourceVersion ?? 0) < definedAt;
      return object.apiVersion === apiVersion && !isOlder ? object : renamed(object, apiVersion, schema);
    },
  };
}

/** @param defaults absent: there are none to fill in */
function renamed(object: KubernetesObject, apiVersion: string, defaults: JSONSchemaProps | undefined): KubernetesObject {
  if (defaults === undefined) return { ...object, apiVersion };
  const { metadata, ...fields } = object;
  const filled = structuredClone(fields) as KubernetesObject;
  fillDefaults(filled, defaults);
  const { kind, ...rest } = filled;
  return { ...rest, apiVersion, kind, metadata } as KubernetesObject;
}

function schemaWithDefaults(version: CustomResourceDefinitionVersion): JSONSchemaProps | undefined {
  const schema = version.schema?.openAPIV3Schema;
  return schema !== undefined && JSON.stringify(schema).includes('"default":') ? schema : undefined;
}
