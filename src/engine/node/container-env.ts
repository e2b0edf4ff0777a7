import type { ConfigMap, Container, Pod, Secret } from '../../kubernetes/types.generated.ts';
import { expand } from './env-expansion.ts';
import { fieldValue, resourceFieldValue, type PodAddress } from './field-value.ts';

/** Finds the configuration objects of a pod's namespace. */
export interface ConfigSource {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
}

export type ContainerEnv =
  | { readonly outcome: 'ok'; readonly env: ReadonlyMap<string, string> }
  | { readonly outcome: 'missing'; readonly message: string };

const envName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** A container's environment: `base` first, then envFrom, then env; later wins. `missing` names a reference that is not optional and not there. */
export function containerEnv(pod: Pod, container: Container, base: ReadonlyMap<string, string>, source: ConfigSource, address: PodAddress): ContainerEnv {
  const env = new Map(base);
  for (const from of container.envFrom ?? []) {
    const ref = from.configMapRef ?? from.secretRef;
    if (ref === undefined) continue;
    const found = from.configMapRef === undefined ? secretData(source.secret(ref.name ?? '')) : configData(source.configMap(ref.name ?? ''));
    if (found === undefined) {
      if (ref.optional === true) continue;
      return { outcome: 'missing', message: `${from.configMapRef === undefined ? 'secret' : 'configmap'} "${ref.name}" not found` };
    }
    for (const [key, value] of found) if (envName.test((from.prefix ?? '') + key)) env.set((from.prefix ?? '') + key, value.toString());
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (valueFrom === undefined) {
      env.set(name, expand(value ?? '', env));
      continue;
    }
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    if (fieldRef !== undefined) {
      const found = fieldValue(pod, fieldRef, address);
      if (found === undefined) return { outcome: 'missing', message: `env ${name}: unsupported fieldPath: ${fieldRef.fieldPath}` };
      env.set(name, found);
    } else if (resourceFieldRef !== undefined) {
      const of = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((c) => c.name === (resourceFieldRef.containerName ?? container.name)) ?? container;
      env.set(name, resourceFieldValue(of, resourceFieldRef) ?? '');
    } else {
      const ref = configMapKeyRef ?? secretKeyRef;
      if (ref === undefined) continue;
      const kind = configMapKeyRef === undefined ? 'Secret' : 'ConfigMap';
      const data = configMapKeyRef === undefined ? secretData(source.secret(ref.name ?? '')) : configData(source.configMap(ref.name ?? ''));
      const found = data?.get(ref.key);
      if (found !== undefined) env.set(name, found.toString());
      else if (ref.optional !== true) return { outcome: 'missing', message: data === undefined ? `${kind.toLowerCase()} "${ref.name}" not found` : `couldn't find key ${ref.key} in ${kind} ${pod.metadata?.namespace}/${ref.name}` };
    }
  }
  return { outcome: 'ok', env };
}

/** A ConfigMap's entries as bytes; undefined for none. */
export function configData(map: ConfigMap | undefined): Map<string, Buffer> | undefined {
  if (map === undefined) return undefined;
  return new Map([
    ...Object.entries(map.data ?? {}).map(([k, v]) => [k, Buffer.from(v)] as const),
    ...Object.entries(map.binaryData ?? {}).map(([k, v]) => [k, Buffer.from(String(v), 'base64')] as const),
  ]);
}

/** A Secret's entries as bytes; undefined for none. */
export function secretData(secret: Secret | undefined): Map<string, Buffer> | undefined {
  return secret === undefined ? undefined : new Map(Object.entries(secret.data ?? {}).map(([k, v]) => [k, Buffer.from(String(v), 'base64')]));
}
