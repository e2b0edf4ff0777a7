import type { KindObject, StrategyContext } from '../kinds/strategy.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { applyLimitRanges, checkLimitRanges } from './limit-ranger.ts';
import { requireLiveNamespace } from './namespace-lifecycle.ts';
import { checkPodSecurity } from './pod-security.ts';
import { checkQuota } from './quota.ts';
import { resolvePriority } from './priority.ts';
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

type Plugin = (request: AdmissionRequest, context: StrategyContext, lookups: Lookups) => string[] | void;

const mutating: readonly Plugin[] = [requireLiveNamespace, applyLimitRanges, mountServiceAccount, taintNewNode, resolvePriority, defaultTolerations, defaultStorageClass, setRequester, preventEscalation, checkCertificateDecision];
const validating: readonly Plugin[] = [checkLimitRanges, checkPodSecurity, checkQuota];

function run(plugins: readonly Plugin[], request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  const warnings: string[] = [];
  for (const plugin of plugins) {
    const texts = plugin(request, context, lookups);
    if (texts !== undefined) warnings.push(...texts);
  }
  return { warnings };
}

/** Kubernetes's default admission, the mutating part: service account and token volume, priority, tolerations,
 *  storage class, limit ranges. Changes `request.object`. Runs after default and before prepareForCreate.
 *  @throws {StatusError} 403 `Forbidden` or 404 when the request is refused */
export function mutate(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  return run(mutating, request, context, lookups);
}

/** The validating part: limit ranges, pod security levels, quota.
 *  @throws {StatusError} 403 `Forbidden` when the request is refused */
export function admit(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): AdmissionResult {
  return run(validating, request, context, lookups);
}
