import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { applyLimitRanges, checkLimitRanges } from './limit-ranger.ts';
import { restrictNode } from './node-restriction.ts';
import { requireLiveNamespace } from './namespace-lifecycle.ts';
import { checkPodSecurity } from './pod-security.ts';
import { checkPolicies } from './policies/policies.ts';
import { resolvePriority } from './priority.ts';
import { applyRuntimeClass } from './runtime-class.ts';
import { mountServiceAccount } from './service-account.ts';
import { taintNewNode } from './taint-node.ts';
import { checkCertificateDecision } from './certificate-approval.ts';
import { preventEscalation } from './escalation.ts';
import { setRequester } from './certificate-requester.ts';

/** What admission reads of other objects; each answers from memory, so the whole chain stays synchronous. */
export interface Lookups {
  get(group: string, kind: string, namespace: string | undefined, name: string): KindObject | undefined;
  /** All of one kind, in one namespace or (absent) everywhere. */
  list(group: string, kind: string, namespace?: string): readonly KindObject[];
  /** Whether there is none of a kind: costs nothing, for the checks that most clusters do not use. */
  isEmpty(group: string, kind: string): boolean;
  /** Undefined where nothing serves the kind. */
  scopeOf(group: string, kind: string): 'Cluster' | 'Namespaced' | undefined;
  /** The same objects under their other names: versions, and groups that share them. Empty for most. */
  equivalents(group: string, version: string, plural: string): readonly EquivalentResource[];
}

/** A resource under another name, and what it shows of an object. */
export interface EquivalentResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** @throws {StatusError} 503 where a webhook has to convert first */
  from(object: KindObject): KindObject;
  back(object: KindObject): KindObject;
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
  /** Where the object is not of the resource's group and version: a Scale, an Eviction. */
  readonly objectKind?: { readonly group: string; readonly version: string };
  /** As it came, where it is shown in another version. */
  readonly original?: AdmissionRequest;
}

export interface AdmissionResult {
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** For the audit log; absent where there are none. */
  readonly annotations?: Readonly<Record<string, string>>;
}

type Plugin = (request: AdmissionRequest, context: StrategyContext, lookups: Lookups) => string[] | AdmissionResult | void;

const mutating: readonly Plugin[] = [requireLiveNamespace, applyLimitRanges, mountServiceAccount, taintNewNode, resolvePriority, defaultTolerations, applyRuntimeClass, defaultStorageClass, setRequester, preventEscalation, checkCertificateDecision];
const checking: readonly Plugin[] = [restrictNode, checkLimitRanges, checkPodSecurity, checkPolicies];
// The namespace is asked for again: webhooks may have taken their time.
const last: readonly Plugin[] = [requireLiveNamespace];

function run(plugins: readonly Plugin[], request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  const warnings: string[] = [];
  let annotations: AdmissionResult['annotations'];
  for (const plugin of plugins) {
    const said = plugin(request, context, lookups);
    if (said === undefined) continue;
    if (Array.isArray(said)) warnings.push(...said);
    else {
      warnings.push(...said.warnings);
      if (said.annotations !== undefined) annotations = { ...annotations, ...said.annotations };
    }
  }
  return { warnings, ...(annotations !== undefined && { annotations }) };
}

/** Kubernetes's default admission, the mutating part: service account and token volume, priority, tolerations,
 *  runtime class, storage class, limit ranges. Changes `request.object`. Runs after default and before prepareForCreate.
 *  @throws {StatusError} 403 `Forbidden` or 404 when the request is refused */
export function mutate(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  return run(mutating, request, context, lookups);
}

/** What refuses before validating webhooks are asked: limit ranges, pod security levels, admission policies.
 *  @throws {StatusError} 403 `Forbidden` when the request is refused, or what a policy gives as its reason */
export function check(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  return run(checking, request, context, lookups);
}

/** What refuses last, beside the write: the namespace that is going. Quotas are charged after it.
 *  @throws {StatusError} 403 `Forbidden` when the request is refused */
export function admit(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  return run(last, request, context, lookups);
}
