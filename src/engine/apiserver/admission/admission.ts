import type { KindObject, StrategyContext } from '../kinds/strategy.ts';

/** What admission reads of other objects; each answers from memory, so the whole chain stays synchronous. */
export interface Lookups {
  get(group: string, kind: string, namespace: string | undefined, name: string): KindObject | undefined;
  /** All of one kind, in one namespace or (absent) everywhere. */
  list(group: string, kind: string, namespace?: string): readonly KindObject[];
}

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly dryRun: boolean;
  readonly object?: KindObject;
  readonly old?: KindObject;
}

export interface AdmissionResult {
  /** Texts for Warning headers. */
  readonly warnings: string[];
}

/** Kubernetes's default admission, the mutating part: service account and token volume, priority, tolerations,
 *  storage class, limit ranges. Changes `request.object`. Runs after default and prepareForCreate.
 *  @throws {StatusError} 403 `Forbidden` or 404 when the request is refused */
export function mutate(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  void request; void context; void lookups;
  return { warnings: [] };
}

/** The validating part: namespace lifecycle, pod security levels, quota.
 *  @throws {StatusError} 403 `Forbidden` when the request is refused */
export function admit(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  void request; void context; void lookups;
  return { warnings: [] };
}
