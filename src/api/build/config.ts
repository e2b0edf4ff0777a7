import type { PodTemplateSpec } from '../../kubernetes/types.generated.ts';
import { fillPlaceholders } from '../application/placeholders.ts';
import type { Application, Gate } from '../application/application.ts';
import { configCopyName } from '../names.ts';
import type { BuildConfig } from './build.ts';

export interface ConfigReference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** True: pods start without it. */
  readonly optional: boolean;
}

/** Kubernetes keeps it up to date in every namespace by itself. */
const CLUSTER_CA = 'kube-root-ca.crt';

/** The ConfigMaps and Secrets that pods of any track, test jobs and hooks of the Application name, but for those that it shares as they are. */
export function configReferences(application: Application): ConfigReference[] {
  const { template, tracks, config } = application.spec;
  const shared = new Set([CLUSTER_CA, ...(config?.shared ?? [])]);
  const found = new Map<string, ConfigReference>();
  const note = (reference: ConfigReference): string => {
    const id = `${reference.kind}/${reference.name}`;
    if (!shared.has(reference.name)) found.set(id, { ...reference, optional: reference.optional && (found.get(id)?.optional ?? true) });
    return reference.name;
  };
  for (const track of tracks) {
    const values = { image: '', version: '', commit: '', track: track.name, application: application.metadata?.name ?? '' };
    const gates: readonly Gate[] = [...(track.gates ?? []), ...(track.steps ?? []).flatMap((s) => s.gates ?? [])];
    const jobs = [...gates.flatMap((g) => ('testJob' in g ? [g.testJob.template] : [])), ...[...(track.hooks?.before ?? []), ...(track.hooks?.after ?? [])].map((h) => h.template)];
    for (const named of [template, ...jobs]) renameConfig(fillPlaceholders(named, values), note);
  }
  return [...found.values()];
}

/** The template with every ConfigMap and Secret that the Build was made with by the name of its unchangeable copy. */
export function pinConfig(template: PodTemplateSpec, config: BuildConfig | undefined): PodTemplateSpec {
  if (config === undefined) return template;
  const copies = new Map([
    ...(config.configMaps ?? []).map((c) => [`ConfigMap/${c.name}`, configCopyName(c.name, c.digest)] as const),
    ...(config.secrets ?? []).map((s) => [`Secret/${s.name}`, configCopyName(s.name, s.digest)] as const),
  ]);
  return copies.size === 0 ? template : renameConfig(template, ({ kind, name }) => copies.get(`${kind}/${name}`) ?? name);
}

type Source = { name?: string; optional?: boolean };

function renameConfig(template: PodTemplateSpec, rename: (reference: ConfigReference) => string): PodTemplateSpec {
  const { spec } = template;
  if (spec === undefined) return template;
  const named = <T extends Source>(kind: ConfigReference['kind'], source: T): T =>
    source.name === undefined ? source : { ...source, name: rename({ kind, name: source.name, optional: source.optional === true }) };
  const container = <T extends (typeof spec.containers)[number]>(c: T): T => ({
    ...c,
    ...(c.envFrom && { envFrom: c.envFrom.map((from) => ({ ...from, ...(from.configMapRef && { configMapRef: named('ConfigMap', from.configMapRef) }), ...(from.secretRef && { secretRef: named('Secret', from.secretRef) }) })) }),
    ...(c.env && {
      env: c.env.map((variable) => {
        const from = variable.valueFrom;
        if (from?.configMapKeyRef !== undefined) return { ...variable, valueFrom: { ...from, configMapKeyRef: named('ConfigMap', from.configMapKeyRef) } };
        if (from?.secretKeyRef !== undefined) return { ...variable, valueFrom: { ...from, secretKeyRef: named('Secret', from.secretKeyRef) } };
        return variable;
      }),
    }),
  });
  return {
    ...template,
    spec: {
      ...spec,
      containers: spec.containers.map(container),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(container) }),
      ...(spec.volumes && {
        volumes: spec.volumes.map((volume) => ({
          ...volume,
          ...(volume.configMap && { configMap: named('ConfigMap', volume.configMap) }),
          ...(volume.secret?.secretName !== undefined && { secret: { ...volume.secret, secretName: rename({ kind: 'Secret', name: volume.secret.secretName, optional: volume.secret.optional === true }) } }),
          ...(volume.projected?.sources && {
            projected: { ...volume.projected, sources: volume.projected.sources.map((s) => ({ ...s, ...(s.configMap && { configMap: named('ConfigMap', s.configMap) }), ...(s.secret && { secret: named('Secret', s.secret) }) })) },
          }),
        })),
      }),
    },
  };
}

/** The Application's pods read configuration that has not been captured for the Build yet. */
export function awaitsConfig(application: Application, build: { readonly spec: { readonly config?: BuildConfig } }): boolean {
  return build.spec.config === undefined && configReferences(application).length > 0;
}
