import { resolveApplication, type ResolvedTrack } from '../../api/application/defaults.ts';
import type { Application, Gate } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import { LABELS } from '../../api/group.ts';
import type { Deployment, Node, Pod, ResourceQuota } from '../../kubernetes/types.generated.ts';
import { gateKind } from './gates.ts';
import type { Places } from './places.ts';
import { nodeShortage, quotaShortage } from './room.ts';

/** What a release will do, before it does. */
export interface ReleasePlan {
  readonly application: string;
  readonly version: string;
  readonly steps: PlanStep[];
  /** The most pods that the Application has at any time of the release, routers included. */
  readonly peakPods: number;
  /** Time that soaks, analyses and drains take at least; people, windows and pods that start come on top. */
  readonly atLeastSeconds: number;
  /** What would stop it: a quota too small, a hold. */
  readonly warnings: string[];
}

export interface PlanStep {
  readonly track: string;
  readonly action: 'hook' | 'scaleUp' | 'test' | 'shift' | 'gates' | 'drain' | 'scaleDown';
  readonly text: string;
  /** Pods of the Application after the step, routers included. */
  readonly pods: number;
}

export interface PlanInput {
  readonly application: Application;
  readonly delivery?: Delivery;
  readonly version: string;
  readonly quotas: readonly ResourceQuota[];
  /** Those of the Application: an autoscaled track has the size that its Deployment has now. */
  readonly deployments?: readonly Deployment[];
  /** Nodes and the pods on them, of all namespaces; absent: not to be seen. */
  readonly room?: { readonly nodes: readonly Node[]; readonly pods: readonly Pod[] };
  /** What each ReleasePolicy of the namespace says now. */
  readonly places?: readonly Places[];
  /** ConfigMaps and Secrets that the template names and that do not exist, such as `Secret db`. */
  readonly missing?: readonly string[];
}

/** Says step by step what a promotion of `version` will do from here, and whether quotas leave room for its surge. Pure. */
export function planRelease({ application, delivery, version, quotas, deployments = [], room, places = [], missing = [] }: PlanInput): ReleasePlan {
  const spec = resolveApplication(application);
  const first = delivery?.spec.tracks.at(-1)?.serving === undefined;
  const steps: PlanStep[] = [];
  const sizeOf = (track: ResolvedTrack): number => sizeNow(delivery, deployments, track) ?? track.replicas;
  const podsNow = spec.router.replicas + spec.tracks.reduce((sum, t) => sum + heldPods(delivery, t, sizeOf(t)), 0);
  let pods = podsNow;
  let peakPods = pods;
  let peakTrack = '';
  let seconds = 0;
  const say = (track: ResolvedTrack, action: PlanStep['action'], text: string, change = 0) => {
    pods += change;
    if (pods > peakPods) [peakPods, peakTrack] = [pods, track.name];
    steps.push({ track: track.name, action, text, pods });
  };

  for (const track of spec.tracks) {
    const old = holds(delivery, track);
    const users = track.last ? 'all users that no other track takes' : `${track.percent} % of ${track.segment}`;
    for (const { name } of track.hooks?.before ?? []) say(track, 'hook', `run hook ${name} once`);
    say(track, 'scaleUp', `start ${sizeOf(track)} pods of ${version}${old ? ` beside ${sizeOf(track)} of ${old}` : ''}`, sizeOf(track));
    if (first) {
      say(track, 'shift', `${users} reach ${version}; the first build goes to all tracks at once, without gates`);
      continue;
    }
    for (const gate of track.gates.filter((g) => 'testJob' in g)) say(track, 'test', `run test job ${gate.name} against ${version}; no user reaches it yet`);
    for (const step of track.steps) {
      say(track, 'shift', `${step.percent} % of ${users} reach ${version}`);
      seconds += sayGates(step.gates ?? [], (text) => say(track, 'gates', text));
    }
    say(track, 'shift', `${users} reach ${version}`);
    seconds += sayGates(track.gates.filter((g) => !('testJob' in g)), (text) => say(track, 'gates', text));
    for (const { name } of track.hooks?.after ?? []) say(track, 'hook', `run hook ${name} once`);
    if (!old) continue;
    seconds += spec.drainSeconds;
    say(track, 'drain', `requests sent to ${old} have ${spec.drainSeconds} s to finish`);
    const warm = track.last && spec.keepWarmSeconds > 0 ? ` after ${spec.keepWarmSeconds} s kept warm for a rollback` : '';
    say(track, 'scaleDown', `stop ${sizeOf(track)} pods of ${old}${warm}`, -sizeOf(track));
  }
  const surge = peakPods - (first ? spec.router.replicas : podsNow);
  const { spec: podSpec } = application.spec.template;
  const warnings = [
    ...(spec.hold ? ['The application is on hold: nothing moves until aweigh release resume'] : []),
    ...missing.map((what) => `${what}, which the template names, does not exist: create it, or the release waits for it`),
    ...places.flatMap(waiting),
    ...quotas.flatMap((quota) => quotaShortage(quota, surge, podSpec)),
    ...(room === undefined ? [] : nodeShortage(room, surge, podSpec, peakTrack)),
  ];
  return { application: application.metadata?.name ?? '', version, steps, peakPods, atLeastSeconds: seconds, warnings };
}

/** The plan as a person reads it. */
export function planText(plan: ReleasePlan): string {
  const width = Math.max(...plan.steps.map((s) => s.track.length));
  return [
    `${plan.application} ${plan.version}: at least ${plan.atLeastSeconds} s, at most ${plan.peakPods} pods`,
    ...plan.steps.map((s, i) => `${String(i + 1).padStart(3)}. ${s.track.padEnd(width)}  ${s.text}  [${s.pods} pods]`),
    ...plan.warnings.map((w) => `WARNING: ${w}`),
  ].join('\n');
}

function holds(delivery: Delivery | undefined, track: ResolvedTrack): string | undefined {
  return delivery?.spec.tracks.find((t) => t.name === track.name)?.serving;
}

/** Pods that the serving version of a track has now; undefined where it has none. */
function sizeNow(delivery: Delivery | undefined, deployments: readonly Deployment[], track: ResolvedTrack): number | undefined {
  const serving = holds(delivery, track);
  if (serving === undefined) return undefined;
  const live = deployments.find((d) => d.metadata?.labels?.[LABELS.build] === serving && d.metadata.labels[LABELS.track] === track.name);
  return track.autoscaling === undefined ? track.replicas : Math.max(track.replicas, live?.spec?.replicas ?? 0);
}

/** Of every build on the track, those kept warm too. */
function heldPods(delivery: Delivery | undefined, track: ResolvedTrack, serving: number): number {
  const held = delivery?.spec.tracks.find((t) => t.name === track.name);
  return (held?.builds ?? []).reduce((sum, b) => sum + (b.build === held?.serving ? serving : b.replicas), 0);
}

function waiting({ policy, limit, taken, queue }: Places): string[] {
  if (limit === undefined || taken.size + queue.length < limit) return [];
  return [`Policy ${policy} lets ${limit} releases be in motion and ${taken.size} are, ${queue.length} wait: it waits its turn`];
}

function sayGates(gates: readonly Gate[], say: (text: string) => void): number {
  let seconds = 0;
  for (const gate of gates) {
    if ('soak' in gate) seconds = Math.max(seconds, gate.soak.seconds);
    if ('analysis' in gate) seconds = Math.max(seconds, gate.analysis.durationSeconds);
    say(`gate ${gate.name}: ${gateText(gate)}`);
  }
  return seconds;
}

function gateText(gate: Gate): string {
  if ('soak' in gate) return `serve for ${gate.soak.seconds} s`;
  if ('approval' in gate) return gate.approval.message ?? 'a person approves';
  if ('analysis' in gate) return `${gate.analysis.metrics.map((m) => m.name).join(', ')} for ${gate.analysis.durationSeconds} s`;
  if ('window' in gate) return `wait for the window ${gate.window.schedule} (${gate.window.timeZone ?? 'UTC'})`;
  if ('webhook' in gate) return `ask ${new URL(gate.webhook.url).host}`;
  return gateKind(gate);
}
