import { LABELS } from '../../api/group.ts';
import { quantityValue } from '../../kubernetes/quantity.ts';
import type { Deployment } from '../../kubernetes/types.generated.ts';
import type { Finding, ForgottenVersion, VersionCost } from './finding.ts';
import { count, duration, finding, type ServiceInput } from './service-input.ts';

const GIB = 2 ** 30;
const HOUR_MS = 3_600_000;

/** Versions that no track holds, the most expensive first. What a track keeps warm is held by it. */
export function forgottenVersions({ deployments, policy, now }: ServiceInput): ForgottenVersion[] {
  return deployments.flatMap(({ deployment, held }) => {
    const { creationTimestamp, labels, name = '', deletionTimestamp } = deployment.metadata ?? {};
    const ageMs = now - Date.parse(creationTimestamp ?? '');
    if (held || deletionTimestamp !== undefined || !(ageMs > policy.forgottenAfterSeconds * 1_000)) return [];
    const track = labels?.[LABELS.track] ?? deployment.spec?.template.metadata?.labels?.[LABELS.track];
    return [{ deployment: name, ...(track === undefined ? {} : { track }), replicas: deployment.spec?.replicas ?? 1, ageMs, cost: costOf(deployment, ageMs) }];
  }).sort((a, b) => b.cost.memoryGibHours - a.cost.memoryGibHours || b.cost.cpuCoreHours - a.cost.cpuCoreHours);
}

export function forgottenFindings(input: ServiceInput, versions: readonly ForgottenVersion[]): Finding[] {
  // One without pods costs nothing: nobody needs to hear of it.
  return versions.filter((v) => v.replicas > 0).map(({ deployment, replicas, ageMs, cost }) =>
    finding(input, 'VersionForgotten', 'warning', `version/${deployment}`, {
      value: replicas, wanted: 0, text: `${deployment} runs ${count(replicas, 'pod')} that no track holds, for ${duration(ageMs)} (${costText(cost)})`,
      tellAfterMs: input.policy.forgottenAfterSeconds * 1_000,
      next: `aweigh health clean-up ${input.service} -n ${input.namespace} --dry-run`,
    }));
}

/** `2.5 cores and 5 GiB requested, 60 core hours and 120 GiB hours so far`. */
export function costText({ cpuCores, memoryBytes, cpuCoreHours, memoryGibHours }: VersionCost): string {
  if (cpuCores === 0 && memoryBytes === 0) return 'it requests nothing';
  return `${short(cpuCores)} cores and ${short(memoryBytes / GIB)} GiB requested, ${short(cpuCoreHours)} core hours and ${short(memoryGibHours)} GiB hours so far`;
}

const short = (value: number): string => String(Number(value.toPrecision(2)));

function costOf({ spec }: Deployment, ageMs: number): VersionCost {
  const pods = spec?.replicas ?? 1;
  const sum = (resource: 'cpu' | 'memory'): number => pods * (spec?.template.spec?.containers ?? []).reduce((total, c) => total + quantityOf(c.resources?.requests?.[resource]), 0);
  const cpuCores = sum('cpu'), memoryBytes = sum('memory'), hours = ageMs / HOUR_MS;
  return { cpuCores, memoryBytes, cpuCoreHours: cpuCores * hours, memoryGibHours: (memoryBytes / GIB) * hours };
}

const quantityOf = (quantity: string | undefined): number => (quantity === undefined ? 0 : quantityValue(quantity));
