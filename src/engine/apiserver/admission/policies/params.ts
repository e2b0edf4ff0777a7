import type { ParamKind, ParamRef } from '../../../../kubernetes/types.generated.ts';
import type { KindObject } from '../../kinds/strategy.ts';
import { matchesSelector } from '../../selectors/label-selector.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';

/** What a policy is evaluated with: once for each set of parameters, once with none where it takes none. */
export type Params = { readonly sets: readonly (KindObject | undefined)[] } | { readonly failure: string };

export function paramsFor(kind: ParamKind | undefined, ref: ParamRef | undefined, request: AdmissionRequest, lookups: Lookups): Params {
  if (kind === undefined || ref === undefined) return { sets: [undefined] };
  const slash = (kind.apiVersion ?? '').indexOf('/');
  const group = slash < 0 ? '' : (kind.apiVersion ?? '').slice(0, slash);
  const scope = lookups.scopeOf(group, kind.kind ?? '');
  if (scope === undefined) return { failure: `nothing serves its parameters' kind ${kind.apiVersion} ${kind.kind}` };
  if (scope === 'Cluster' && ref.namespace) return { failure: `paramRef.namespace is set, and ${kind.kind} is cluster-scoped` };
  const namespace = scope === 'Cluster' ? undefined : ref.namespace || request.namespace;
  if (scope === 'Namespaced' && namespace === undefined) return { failure: `a cluster-scoped request needs paramRef.namespace to find a ${kind.kind}` };
  const found = ref.name
    ? [lookups.get(group, kind.kind ?? '', namespace, ref.name)].filter((o) => o !== undefined)
    : lookups.list(group, kind.kind ?? '', namespace).filter((o) => matchesSelector(ref.selector as never, o.metadata.labels ?? {}));
  if (found.length > 0 || ref.parameterNotFoundAction === 'Allow') return { sets: found };
  return { failure: `no ${kind.kind} is there for its binding's paramRef${ref.name ? ` ${ref.name}` : ''}` };
}
