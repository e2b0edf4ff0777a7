import { isDeepStrictEqual } from 'node:util';
import type { Build, BuildConfig } from '../../api/build/build.ts';
import { awaitsConfig } from '../../api/build/config.ts';
import { API_VERSION } from '../../api/group.ts';
import { buildName, configCopyName, configVersion } from '../../api/names.ts';
import type { Secret } from '../../kubernetes/types.generated.ts';
import type { Observed } from './observe.ts';

export type ConfigAction =
  | { readonly type: 'copySecret'; readonly build: Build; readonly secret: Secret; readonly name: string; readonly reason: 'SecretCaptured' | 'SecretRestored' }
  | { readonly type: 'capture'; readonly build: Build; readonly config: BuildConfig; readonly reason: 'ConfigCaptured' }
  | { readonly type: 'wait'; readonly build: Build; readonly reason: 'ConfigMapMissing' | 'SecretMissing' | 'ConfigTooLarge'; readonly message: string }
  | { readonly type: 'createBuild'; readonly build: Build; readonly reason: 'ConfigChanged' };

/** An object of the API is at most about 1.5 MiB, and the Build holds the ConfigMaps whole. */
const LARGEST_BYTES = 1_000_000;

/** Captures what each new Build is to read, brings back what a rebuilt cluster lost, and makes a Build of a changed ConfigMap where the Application wants it. Pure. */
export function reconcile(observed: Observed): ConfigAction[] {
  const actions: ConfigAction[] = [];
  for (const build of observed.builds) if (awaitsConfig(observed.application, build)) actions.push(...capture(observed, build));
  for (const { build, name, digest } of observed.lacking) {
    const source = observed.secrets.get(name);
    if (source?.digest === digest) {
      actions.push({ type: 'copySecret', build, secret: source.secret, name: configCopyName(name, digest), reason: 'SecretRestored' });
      continue;
    }
    const what = source === undefined ? `there is no Secret ${name}` : `Secret ${name} has other content now`;
    actions.push({ type: 'wait', build, reason: 'SecretMissing', message: `The record holds Secret ${name} of ${build.metadata?.name} by its digest only, and ${what}: create it with the content it had, or release a Build that takes the new content` });
  }
  const changed = changedBuild(observed);
  return changed === undefined ? actions : [...actions, changed];
}

function capture({ references, configMaps, secrets }: Observed, build: Build): ConfigAction[] {
  const copies: ConfigAction[] = [];
  const config: Required<BuildConfig> = { configMaps: [], secrets: [] };
  for (const { kind, name, optional } of references) {
    const source = kind === 'ConfigMap' ? configMaps.get(name) : secrets.get(name);
    if (source === undefined) {
      if (optional) continue;
      return [{ type: 'wait', build, reason: `${kind}Missing`, message: `The template names ${kind} ${name}, which does not exist: create it, and the release goes on` }];
    }
    if ('configMap' in source) {
      const { data, binaryData } = source.configMap;
      config.configMaps.push({ name, digest: source.digest, ...(data && { data }), ...(binaryData && { binaryData }) });
    } else {
      config.secrets.push({ name, digest: source.digest });
      copies.push({ type: 'copySecret', build, secret: source.secret, name: configCopyName(name, source.digest), reason: 'SecretCaptured' });
    }
  }
  const bytes = JSON.stringify(config.configMaps).length;
  if (bytes > LARGEST_BYTES) {
    return [{ type: 'wait', build, reason: 'ConfigTooLarge', message: `The ConfigMaps that the template names hold ${bytes} bytes, a Build holds at most ${LARGEST_BYTES}: name the large ones in spec.config.shared of the Application` }];
  }
  return [...copies, { type: 'capture', build, config, reason: 'ConfigCaptured' }];
}

/** The image that is furthest ahead once more, where a ConfigMap is not what the newest Build reads. */
function changedBuild({ application, builds, ahead, references, configMaps }: Observed): ConfigAction | undefined {
  const newest = builds.at(-1)?.spec.config;
  const base = builds.find((b) => b.metadata?.name === ahead);
  if (application.spec.config?.onChange !== 'release' || newest === undefined || base === undefined) return undefined;
  const now = references.flatMap(({ kind, name }) => (kind === 'ConfigMap' && configMaps.has(name) ? [[name, configMaps.get(name)?.digest]] : [])).toSorted();
  const read = (newest.configMaps ?? []).map(({ name, digest }) => [name, digest]).toSorted();
  if (isDeepStrictEqual(now, read)) return undefined;
  const names = now.filter(([name, digest]) => !read.some(([n, d]) => n === name && d === digest)).map(([name]) => name);
  const version = configVersion(base.spec.version, new Set(builds.map((b) => b.spec.version)));
  const { config: _, ...spec } = base.spec;
  return {
    type: 'createBuild', reason: 'ConfigChanged',
    build: {
      apiVersion: API_VERSION, kind: 'Build', metadata: { namespace: application.metadata?.namespace, name: buildName(base.spec.application, version) },
      spec: { ...spec, version, author: 'aweigh', message: `ConfigMap ${names.join(', ') || 'set'} changed` },
    },
  };
}
