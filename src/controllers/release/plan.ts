import { resolveApplication, type ResolvedTrack } from '../../api/application/defaults.ts';
import type { Application, Gate } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { PodSpec, ResourceQuota } from '../../kubernetes/types.generated.ts';
import { gateKind } from './gates.ts';

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
}

/** Says step by step what a promotion of `version` will do from here, and whether quotas leave room for its surge. Pure. */
export function planRelease({ application, delivery, version, quotas }: PlanInput): ReleasePlan {
  const spec = resolveApplication(application);
  const first = delivery?.spec.tracks.at(-1)?.serving === undefined;
  const steps: PlanStep[] = [];
  let pods = spec.router.replicas + spec.tracks.reduce((sum, t) => sum + (holds(delivery, t) ? t.replicas : 0), 0);
  let peakPods = pods;
  let seconds = 0;
  const say = (track: ResolvedTrack, action: PlanStep['action'], text: string, change = 0) => {
    pods += change;
    peakPods = Math.max(peakPods, pods);
    steps.push({ track: track.name, action, text, pods });
  };

  for (const track of spec.tracks) {
    const old = holds(delivery, track);
    const users = track.last ? 'all users that no other track takes' : `${track.percent} % of ${track.segment}`;
    for (const { name } of track.hooks?.before ?? []) say(track, 'hook', `run hook ${name} once`);
    say(track, 'scaleUp', `start ${track.replicas} pods of ${version}${old ? ` beside ${track.replicas} of ${old}` : ''}`, track.replicas);
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
    say(track, 'scaleDown', `stop ${track.replicas} pods of ${old}${warm}`, -track.replicas);
  }
  const warnings = [...(spec.hold ? ['The application is on hold: nothing moves until aweigh release resume'] : []), ...quotas.flatMap((q) => shortage(q, peakPods - spec.router.replicas - usedNow(delivery, spec.tracks), application.spec.template.spec))];
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

function usedNow(delivery: Delivery | undefined, tracks: readonly ResolvedTrack[]): number {
  return tracks.reduce((sum, t) => sum + (holds(delivery, t) ? t.replicas : 0), 0);
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

/** What a quota lacks for so many pods more. */
function shortage(quota: ResourceQuota, surge: number, template: PodSpec | undefined): string[] {
  return Object.entries(quota.status?.hard ?? quota.spec?.hard ?? {}).flatMap(([name, hard]) => {
    const each = demand(name, template);
    if (each === undefined) return [];
    const free = amount(String(hard)) - amount(String(quota.status?.used?.[name] ?? '0'));
    const needed = each * surge;
    return needed <= free ? [] : [`ResourceQuota ${quota.metadata?.name} leaves ${round(free)} of ${name}, the release needs ${round(needed)} more at its peak: raise the quota or shrink a track`];
  });
}

function demand(name: string, template: PodSpec | undefined): number | undefined {
  if (name === 'pods' || name === 'count/pods') return 1;
  const [kind, resource] = name.includes('.') ? name.split('.', 2) : ['requests', name];
  if ((resource !== 'cpu' && resource !== 'memory') || (kind !== 'requests' && kind !== 'limits')) return undefined;
  return (template?.containers ?? []).reduce((sum, c) => sum + amount(String(c.resources?.[kind]?.[resource] ?? '0')), 0);
}

const SUFFIXES: Readonly<Record<string, number>> = { '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };

/** A Kubernetes quantity as a number. */
function amount(text: string): number {
  const [, digits, suffix = ''] = /^([0-9.]+(?:e[0-9]+)?)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(digits ?? NaN) * (SUFFIXES[suffix] ?? NaN);
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
