import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Container, Pod, Volume } from '../../kubernetes/types.generated.ts';
import type { ConfigSource } from './container-env.ts';
import { expand } from './env-expansion.ts';
import type { Mount, PodPlace } from './runtime/runtime.ts';
import type { ClaimedFolders } from './claimed-folders.ts';
import { volumeContent, type TokenSource } from './volume-files.ts';
import { writeVolume } from './volume-writer.ts';

/** Where the volumes of a pod are, or the first that cannot be made. */
export type PodVolumes = { readonly outcome: 'ok'; readonly paths: ReadonlyMap<string, string> } | { readonly outcome: 'missing'; readonly message: string };

/** Makes a pod's volumes as they are to be now; again for a change of a ConfigMap or Secret. */
export async function preparePodVolumes(pod: Pod, place: PodPlace, source: ConfigSource, token: TokenSource, claims: ClaimedFolders): Promise<PodVolumes> {
  const paths = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) {
    const folder = join(place.folder, 'volumes', volume.name);
    const content = await volumeContent(pod, volume, source, place, token);
    switch (content.type) {
      case 'missing':
        return { outcome: 'missing', message: content.message };
      case 'host':
        if (content.create) mkdirSync(content.path, { recursive: true });
        if (!existsSync(content.path)) return { outcome: 'missing', message: `hostPath ${content.path} does not exist` };
        paths.set(volume.name, content.path);
        break;
      case 'claim': {
        const claimed = await claims.of(pod.metadata?.namespace ?? '', content.name);
        if (claimed.outcome === 'missing') return claimed;
        paths.set(volume.name, claimed.path);
        break;
      }
      case 'folder':
        // As the kubelet: every user of the pod's containers writes here; no other gets as far as the pods' folder.
        if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o777);
        paths.set(volume.name, folder);
        break;
      case 'files':
        writeVolume(folder, content.files);
        paths.set(volume.name, folder);
        break;
    }
  }
  return { outcome: 'ok', paths };
}

/** The container's mounts, shallow paths first, so that one may lie in another. */
export function containerMounts(container: Container, paths: ReadonlyMap<string, string>, env: ReadonlyMap<string, string>): Mount[] {
  return (container.volumeMounts ?? [])
    .flatMap((m): Mount[] => {
      const base = paths.get(m.name);
      if (base === undefined) return [];
      const sub = m.subPathExpr === undefined ? (m.subPath ?? '') : expand(m.subPathExpr, env);
      const source = join(base, posix.resolve('/', sub));
      return [{ source: sub === '' ? base : source, path: m.mountPath, readOnly: m.readOnly === true }];
    })
    .sort((a, b) => a.path.length - b.path.length);
}

/** Whether a change of this object may change a volume of the pod. */
export function usesConfig(pod: Pod, kind: 'ConfigMap' | 'Secret', name: string): boolean {
  const one = (v: Volume): boolean =>
    kind === 'ConfigMap'
      ? v.configMap?.name === name || v.projected?.sources?.some((s) => s.configMap?.name === name) === true
      : v.secret?.secretName === name || v.projected?.sources?.some((s) => s.secret?.name === name) === true;
  return pod.spec?.volumes?.some(one) === true;
}

/** Whether its environment refers to the object, so that it may wait for it. */
export function namesConfig(pod: Pod, kind: 'ConfigMap' | 'Secret', name: string): boolean {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return all.some((c) =>
    kind === 'ConfigMap'
      ? c.envFrom?.some((e) => e.configMapRef?.name === name) === true || c.env?.some((e) => e.valueFrom?.configMapKeyRef?.name === name) === true
      : c.envFrom?.some((e) => e.secretRef?.name === name) === true || c.env?.some((e) => e.valueFrom?.secretKeyRef?.name === name) === true,
  );
}
