import type { ContainerStatus, Pod } from '../../../kubernetes/types.generated.ts';
import { ageOf } from './age.ts';
import { age, nameOf, orNone } from './cells.ts';
import type { Cell } from './table.ts';

export function podRow(pod: Pod, nowMs: number): Cell[] {
  const { spec, status } = pod;
  const statuses = status?.containerStatuses ?? [];
  const sidecars = (spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name);
  const sidecarStatuses = (status?.initContainerStatuses ?? []).filter((s) => sidecars.includes(s.name));
  const ready = [...statuses, ...sidecarStatuses].filter((s) => s.ready === true && s.state?.terminated === undefined).length;
  const gates = spec?.readinessGates ?? [];
  const passed = gates.filter((g) => status?.conditions?.some((c) => c.type === g.conditionType && c.status === 'True')).length;
  return [
    nameOf(pod), `${ready}/${(spec?.containers ?? []).length + sidecars.length}`, statusText(pod), restarts([...statuses, ...sidecarStatuses], nowMs), age(pod, nowMs),
    orNone(status?.podIP), orNone(spec?.nodeName), orNone(status?.nominatedNodeName), gates.length === 0 ? '<none>' : `${passed}/${gates.length}`,
  ];
}

function restarts(statuses: readonly ContainerStatus[], nowMs: number): string {
  const count = statuses.reduce((sum, s) => sum + (s.restartCount ?? 0), 0);
  const last = statuses.map((s) => s.lastState?.terminated?.finishedAt).filter((t) => t !== undefined && t !== null).sort().at(-1);
  return count > 0 && last !== undefined ? `${count} (${ageOf(last, nowMs)} ago)` : String(count);
}

/** The one word for a pod: the phase, unless a container, an init container or its deletion says more. */
function statusText(pod: Pod): string {
  const { status, spec, metadata } = pod;
  const initial = initText(pod);
  let text = status?.reason ? status.reason : (status?.phase ?? '');
  if (status?.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) text = 'SchedulingGated';
  if (initial !== undefined) text = initial;
  else text = containersText(status?.containerStatuses ?? [], text, status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true);
  if (metadata?.deletionTimestamp === undefined) return text;
  if (status?.reason === 'NodeLost') return 'Unknown';
  void spec;
  return status?.phase === 'Failed' || status?.phase === 'Succeeded' ? text : 'Terminating';
}

function containersText(statuses: readonly ContainerStatus[], phase: string, isReady: boolean): string {
  let text = phase;
  let hasRunning = false;
  for (const { state, ready } of statuses.toReversed()) {
    if (state?.waiting?.reason) text = state.waiting.reason;
    else if (state?.terminated !== undefined) text = endText(state.terminated);
    else if (ready === true && state?.running !== undefined) hasRunning = true;
  }
  return text === 'Completed' && hasRunning ? (isReady ? 'Running' : 'NotReady') : text;
}

function endText({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode?: number }): string {
  return reason ? reason : signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`;
}

/** Undefined when every init container is done (or, of those that stay, started). */
function initText({ spec, status }: Pod): string | undefined {
  const specs = spec?.initContainers ?? [];
  for (const [index, { state, started, name }] of (status?.initContainerStatuses ?? []).entries()) {
    if (state?.terminated?.exitCode === 0) continue;
    if (specs.find((c) => c.name === name)?.restartPolicy === 'Always' && started === true) continue;
    if (state?.terminated !== undefined) return `Init:${endText(state.terminated)}`;
    if (state?.waiting?.reason && state.waiting.reason !== 'PodInitializing') return `Init:${state.waiting.reason}`;
    return `Init:${index}/${specs.length}`;
  }
  return undefined;
}
