import type { ConfigMap, KeyToPath, Pod, Secret, Volume } from '../../kubernetes/types.generated.ts';
import { configData, secretData, type ConfigSource } from './container-env.ts';
import { fieldValue, resourceFieldValue, type PodAddress } from './field-value.ts';

export interface VolumeFile {
  /** Relative to the volume. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** What is to be in a volume. */
export type VolumeContent =
  /** Files that follow their sources. */
  | { readonly type: 'files'; readonly files: readonly VolumeFile[] }
  /** A folder of the pod's own, empty at first. */
  | { readonly type: 'folder' }
  | { readonly type: 'host'; readonly path: string; readonly create: boolean }
  /** The volume that a claim of the pod's namespace has. */
  | { readonly type: 'claim'; readonly name: string }
  | { readonly type: 'missing'; readonly message: string };

/** A service account token that a projected volume asks for. */
export interface TokenRequest {
  readonly audience?: string;
  readonly expirationSeconds: number;
}

export type TokenSource = (request: TokenRequest) => Promise<string>;

/** Nobody but the pod's own user reads it. */
const tokenMode = 0o600;

/** The content of one volume. */
export async function volumeContent(pod: Pod, volume: Volume, source: ConfigSource, address: PodAddress, token: TokenSource): Promise<VolumeContent> {
  if (volume.emptyDir !== undefined || volume.ephemeral !== undefined) return { type: 'folder' };
  if (volume.persistentVolumeClaim !== undefined) return { type: 'claim', name: volume.persistentVolumeClaim.claimName };
  if (volume.hostPath !== undefined) return { type: 'host', path: volume.hostPath.path, create: volume.hostPath.type === 'DirectoryOrCreate' };
  if (volume.configMap !== undefined) {
    const { name, items, optional, defaultMode } = volume.configMap;
    return configFiles(source.configMap(name ?? ''), name, items, optional, defaultMode);
  }
  if (volume.secret !== undefined) {
    const { secretName, items, optional, defaultMode } = volume.secret;
    return secretFiles(source.secret(secretName ?? ''), secretName, items, optional, defaultMode);
  }
  if (volume.downwardAPI !== undefined) return downwardFiles(pod, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode, address);
  if (volume.projected !== undefined) {
    const files: VolumeFile[] = [];
    const mode = volume.projected.defaultMode;
    for (const part of volume.projected.sources ?? []) {
      let found: VolumeContent = { type: 'files', files: [] };
      if (part.configMap !== undefined) found = configFiles(source.configMap(part.configMap.name ?? ''), part.configMap.name, part.configMap.items, part.configMap.optional, mode);
      else if (part.secret !== undefined) found = secretFiles(source.secret(part.secret.name ?? ''), part.secret.name, part.secret.items, part.secret.optional, mode);
      else if (part.downwardAPI !== undefined) found = downwardFiles(pod, part.downwardAPI.items ?? [], mode, address);
      else if (part.serviceAccountToken !== undefined) {
        const { path, audience, expirationSeconds = 3_600 } = part.serviceAccountToken;
        found = { type: 'files', files: [{ path, content: Buffer.from(await token({ audience, expirationSeconds })), mode: tokenMode }] };
      }
      if (found.type === 'files') files.push(...found.files);
      else return found;
    }
    return { type: 'files', files };
  }
  const kind = Object.keys(volume).find((k) => k !== 'name') ?? 'unknown';
  return { type: 'missing', message: `volume "${volume.name}": this node has no volumes of type ${kind}; use configMap, secret, emptyDir, projected, downwardAPI, persistentVolumeClaim or hostPath` };
}

function configFiles(map: ConfigMap | undefined, name: string | undefined, items: readonly KeyToPath[] | undefined, optional: boolean | undefined, mode = 0o644): VolumeContent {
  return dataFiles(configData(map), 'configmap', name, items, optional, mode);
}

/** With the mode that its spec gives it: no other user gets as far as the pods' folder. */
function secretFiles(secret: Secret | undefined, name: string | undefined, items: readonly KeyToPath[] | undefined, optional: boolean | undefined, mode = 0o644): VolumeContent {
  return dataFiles(secretData(secret), 'secret', name, items, optional, mode);
}

function dataFiles(data: ReadonlyMap<string, Buffer> | undefined, kind: string, name: string | undefined, items: readonly KeyToPath[] | undefined, optional: boolean | undefined, mode: number): VolumeContent {
  if (data === undefined) return optional === true ? { type: 'files', files: [] } : { type: 'missing', message: `${kind} "${name}" not found` };
  if (items === undefined) return { type: 'files', files: [...data].map(([path, content]) => ({ path, content, mode })) };
  const files: VolumeFile[] = [];
  for (const item of items) {
    const content = data.get(item.key);
    if (content !== undefined) files.push({ path: item.path, content, mode: item.mode ?? mode });
    else if (optional !== true) return { type: 'missing', message: `${kind} "${name}" has no key ${item.key}` };
  }
  return { type: 'files', files };
}

function downwardFiles(pod: Pod, items: NonNullable<NonNullable<Volume['downwardAPI']>['items']>, mode = 0o644, address: PodAddress): VolumeContent {
  return {
    type: 'files',
    files: items.map((item) => {
      const container = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((c) => c.name === item.resourceFieldRef?.containerName);
      const text = item.fieldRef !== undefined ? fieldValue(pod, item.fieldRef, address) : item.resourceFieldRef !== undefined && container !== undefined ? resourceFieldValue(container, item.resourceFieldRef) : undefined;
      return { path: item.path, content: Buffer.from(text ?? ''), mode: item.mode ?? mode };
    }),
  };
}
