import type { Job, Pod, PodFailurePolicyRule } from '../../../kubernetes/types.generated.ts';

/** The first rule of the job's podFailurePolicy that a failed pod matches. */
function ruleFor(job: Job, pod: Pod): PodFailurePolicyRule | undefined {
  return job.spec?.podFailurePolicy?.rules.find((rule) => matchesExitCode(rule, pod) || matchesCondition(rule, pod));
}

function matchesExitCode({ onExitCodes }: PodFailurePolicyRule, pod: Pod): boolean {
  if (onExitCodes === undefined) return false;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.some((s) => {
    const code = s.state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (onExitCodes.containerName !== undefined && onExitCodes.containerName !== s.name)) return false;
    return onExitCodes.values.includes(code) === (onExitCodes.operator === 'In');
  });
}

function matchesCondition({ onPodConditions }: PodFailurePolicyRule, pod: Pod): boolean {
  return (onPodConditions ?? []).some((wanted) => pod.status?.conditions?.some((c) => c.type === wanted.type && c.status === (wanted.status ?? 'True')) === true);
}

export function isIgnored(job: Job, pod: Pod): boolean {
  return ruleFor(job, pod)?.action === 'Ignore';
}

export function failsJob(job: Job, pod: Pod): boolean {
  return pod.status?.phase === 'Failed' && ruleFor(job, pod)?.action === 'FailJob';
}
