import { expect } from 'vitest';
import type { FreezeWindow } from '../../api/application/application.ts';
import { hasEnded } from '../../api/release/release.ts';
import { ModelCluster, modelApplication, seeded, settleAll } from './model-cluster.ts';
import { nameOf } from './observed.ts';
import { isMoving } from './places.ts';

const NAMES = ['bank', 'cart', 'desk', 'shop'];
const GROUP = ['bank', 'cart', 'desk'];

/** Several Applications of one installation: groups and a bound on releases in motion, whatever people, pods and a crashing controller do. */
export class ModelInstallation {
  readonly random: () => number;
  readonly limit: number;
  readonly clusters: ModelCluster[];
  readonly log: string[] = [];
  #version = 2;

  constructor(seed: number) {
    this.random = seeded(seed);
    this.limit = 1 + Math.floor(this.random() * 3);
    const gates = this.random() < 0.5 ? [{ name: 'look', approval: {} }] : [];
    this.clusters = NAMES.map((name) => {
      // Not every member has the same tracks.
      const tracks = modelApplication().spec.tracks.filter((t) => name !== 'desk' || t.name !== 'paid').map((t) => (t.name === 'free' ? { ...t, gates } : t));
      return new ModelCluster(modelApplication({ tracks }, name));
    });
    for (const cluster of this.clusters) {
      cluster.neighbours = this.clusters.filter((c) => c !== cluster);
      cluster.push('v1');
    }
    settleAll(this.clusters);
    this.#setPolicy([]);
  }

  step(): void {
    const cluster = this.#any(this.clusters);
    const dice = this.random();
    if (dice < 0.4) cluster.turn(this.random() < 0.3 ? Math.floor(this.random() * 3) : Infinity);
    else if (dice < 0.55) cluster.applyDelivery();
    else if (dice < 0.7) cluster.route();
    else if (dice < 0.77) cluster.runPods();
    else if (dice < 0.8) cluster.followPods();
    else if (dice < 0.87) cluster.runJobs();
    else if (dice < 0.95) this.#pass(Math.floor(this.random() * 20_000));
    else if (dice < 0.965) this.#pushGroup();
    else if (dice < 0.98) this.#push(cluster);
    else if (dice < 0.995) this.#person(cluster);
    else this.#freeze();
    this.#check();
  }

  end(): void {
    this.#setPolicy([]);
    this.#letGo();
    // A group that never became whole waits for what was never pushed: a newer build of the same Application ends that.
    for (const cluster of this.clusters) this.#push(cluster, true);
    this.#letGo();
    const open = this.clusters.flatMap((c) => c.releases.filter((r) => !hasEnded(r)).map((r) => `${nameOf(r)} ${r.status?.phase} ${r.status?.message}`));
    expect(open, this.#story('every release ends')).toEqual([]);
  }

  /** Approves what waits, until nothing more happens. */
  #letGo(): void {
    for (let i = 0; i < 4; i++) {
      for (const cluster of this.clusters) for (const r of cluster.releases) if (!hasEnded(r)) cluster.steer(nameOf(r), { approvals: [{ track: 'free', gate: '*', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
      settleAll(this.clusters, () => { this.#check(); return false; }, 5_000);
    }
  }

  /** Somebody begins a freeze, or ends it before its time. */
  #freeze(): void {
    const frozen = this.clusters[0]?.policies.some((p) => p.spec.freezeWindows?.length) === true;
    this.log.push(frozen ? 'thaw' : 'freeze');
    this.#setPolicy(frozen ? [] : [{ name: 'sale', schedule: '* * * * *', durationSeconds: 86_400 }]);
  }

  #setPolicy(freezeWindows: readonly FreezeWindow[]): void {
    for (const cluster of this.clusters) cluster.policies = [{ metadata: { name: 'all' }, spec: { releasesInMotion: this.limit, freezeWindows: [...freezeWindows] } }];
  }

  #any<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  #pass(ms: number): void {
    const now = Math.max(...this.clusters.map((c) => c.now)) + ms;
    for (const cluster of this.clusters) cluster.now = now;
  }

  #push(cluster: ModelCluster, good = false): void {
    const version = `v${this.#version++}`;
    this.log.push(`push ${nameOf(cluster.application)} ${version}`);
    cluster.push(version, good ? {} : { becomesReady: this.random() < 0.8, testSucceeds: this.random() < 0.8 });
  }

  #pushGroup(): void {
    const version = `v${this.#version++}`;
    const group = { name: `group-${version}`, applications: GROUP, ...(this.random() < 0.5 && { order: 'inOrder' as const }) };
    // Now and then one of them never comes.
    const members = this.clusters.filter((c) => GROUP.includes(nameOf(c.application)) && this.random() < 0.9);
    this.log.push(`push group ${version} ${members.map((c) => nameOf(c.application)).join()} ${group.order ?? ''}`);
    for (const cluster of members) cluster.push(version, { becomesReady: this.random() < 0.9, testSucceeds: this.random() < 0.9 }, group);
  }

  #person(cluster: ModelCluster): void {
    const release = this.#any(cluster.releases.filter((r) => !hasEnded(r)));
    if (release === undefined) return;
    const dice = this.random();
    this.log.push(`person ${dice.toFixed(2)} ${nameOf(release)}`);
    if (dice < 0.3) cluster.steer(nameOf(release), { abort: { actor: 'ada', reason: 'no' } });
    else cluster.steer(nameOf(release), { approvals: [{ track: 'free', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
  }

  #check(): void {
    const units = new Set<string>();
    for (const cluster of this.clusters) {
      for (const release of cluster.releases) {
        const group = cluster.builds.find((b) => nameOf(b) === release.spec.build)?.spec.group?.name;
        if (isMoving(release)) units.add(group ?? nameOf(release));
      }
    }
    if (units.size > this.limit) throw new Error(this.#story(`at most ${this.limit} are in motion, not ${[...units].join()}`));
    const groups = new Map<string, number[]>();
    for (const cluster of this.clusters) {
      for (const release of cluster.releases) {
        const group = cluster.builds.find((b) => nameOf(b) === release.spec.build)?.spec.group?.name;
        if (group === undefined || release.status?.phase === undefined || hasEnded(release) || release.status.phase === 'Aborting') continue;
        const left = release.status.tracks?.filter((t) => t.phase === 'Passed' || t.phase === 'Draining').length ?? 0;
        groups.set(group, [...(groups.get(group) ?? []), left]);
      }
    }
    for (const [group, left] of groups) {
      if (left.length === GROUP.length && Math.max(...left) - Math.min(...left) > 1) throw new Error(this.#story(`${group}: no member is more than a track ahead, ${left.join()}`));
    }
  }

  #story(rule: string): string {
    return `${rule}\n${this.log.slice(-40).join('\n')}\n${JSON.stringify(this.clusters.flatMap((c) => c.releases.filter((r) => !hasEnded(r)).map((r) => [nameOf(r), r.status?.phase, r.status?.message, r.status?.tracks?.map((t) => `${t.name} ${t.phase}`)])), undefined, 1)}`;
  }
}
