import { compareAge } from '../../api/age.ts';
import type { Application } from '../../api/application/application.ts';
import type { Build } from '../../api/build/build.ts';
import { awaitsConfig, configReferences, type ConfigReference } from '../../api/build/config.ts';
import { Applications, Builds, Deliveries } from '../../api/kinds.ts';
import { configCopyName } from '../../api/names.ts';
import { ConfigMaps, Secrets } from '../../client/kinds.ts';
import type { ObjectKey } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { ConfigMap, Secret } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { configMapDigest, secretDigest } from './digest.ts';

const BY_APPLICATION = 'config/application';
export const BY_CONFIG_MAP = 'config/config-map';

export interface Observed {
  readonly application: Application;
  /** Oldest first. */
  readonly builds: readonly Build[];
  readonly references: readonly ConfigReference[];
  /** Builds that a track holds, by name. */
  readonly held: ReadonlySet<string>;
  /** Build that is furthest ahead: the first track serves it. */
  readonly ahead?: string;
  /** What the references name and is there, with its digest. */
  readonly configMaps: ReadonlyMap<string, { readonly configMap: ConfigMap; readonly digest: string }>;
  /** Read only where a decision needs them: no Secret is watched. */
  readonly secrets: ReadonlyMap<string, { readonly secret: Secret; readonly digest: string }>;
  /** Copies of Secrets that held Builds lack. */
  readonly lacking: readonly { readonly build: Build; readonly name: string; readonly digest: string }[];
}

export function indexConfig({ informer }: ControllerContext): void {
  informer(Builds).addIndex(BY_APPLICATION, buildApplication);
  informer(Applications).addIndex(BY_CONFIG_MAP, namedConfigMaps);
}

const buildApplication = (build: Build): string[] => [`${build.metadata?.namespace}/${build.spec.application}`];
const namedConfigMaps = (application: Application): string[] =>
  configReferences(application).flatMap(({ kind, name }) => (kind === 'ConfigMap' ? [`${application.metadata?.namespace}/${name}`] : []));

/** Undefined: the Application is gone, or names no configuration.
 *  @param known copies that were seen, as `<uid of the Build>/<name of the copy>`: they are never deleted before their Build */
export async function observe(context: ControllerContext, key: ObjectKey, known: Set<string>): Promise<Observed | undefined> {
  const { informer } = context;
  const application = informer(Applications).get(key);
  if (application === undefined || application.metadata?.deletionTimestamp !== undefined) return undefined;
  const references = configReferences(application);
  const builds = [...informer(Builds).byIndex(BY_APPLICATION, `${key.namespace}/${key.name}`)].filter((b) => b.metadata?.deletionTimestamp === undefined).sort(compareAge);
  const tracks = informer(Deliveries).get(key)?.spec.tracks ?? [];
  const held = new Set(tracks.flatMap((t) => t.builds.map((b) => b.build)));
  if (references.length === 0 && builds.every((b) => b.spec.config === undefined)) return undefined;
  const configMaps = new Map<string, { configMap: ConfigMap; digest: string }>();
  for (const { kind, name } of references) {
    const configMap = kind === 'ConfigMap' ? informer(ConfigMaps).get({ ...key, name }) : undefined;
    if (configMap !== undefined) configMaps.set(name, { configMap, digest: configMapDigest(configMap) });
  }
  const lacking = await lackingCopies(context, key, builds.filter((b) => held.has(b.metadata?.name ?? '')), known);
  const wanted = new Set([...lacking.map((l) => l.name), ...(builds.some((b) => awaitsConfig(application, b)) ? references.flatMap((r) => (r.kind === 'Secret' ? [r.name] : [])) : [])]);
  const secrets = new Map<string, { secret: Secret; digest: string }>();
  for (const name of wanted) {
    const secret = await read(context, { ...key, name });
    if (secret !== undefined) secrets.set(name, { secret, digest: await secretDigest(secret) });
  }
  const ahead = tracks.find((t) => t.serving !== undefined)?.serving;
  return { application, builds, references, held, ...(ahead && { ahead }), configMaps, secrets, lacking };
}

async function lackingCopies(context: ControllerContext, key: ObjectKey, builds: readonly Build[], known: Set<string>): Promise<Observed['lacking']> {
  const lacking: { build: Build; name: string; digest: string }[] = [];
  for (const build of builds) {
    for (const { name, digest } of build.spec.config?.secrets ?? []) {
      const copy = configCopyName(name, digest);
      const id = `${build.metadata?.uid}/${copy}`;
      if (known.has(id)) continue;
      if ((await read(context, { ...key, name: copy })) === undefined) lacking.push({ build, name, digest });
      else known.add(id);
    }
  }
  return lacking;
}

async function read({ client, signal }: ControllerContext, key: ObjectKey): Promise<Secret | undefined> {
  try {
    return await client.get(Secrets, key, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}
