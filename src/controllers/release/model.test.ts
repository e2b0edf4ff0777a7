import { expect, test } from 'vitest';
import { resolveApplication } from '../../api/application/defaults.ts';
import { trackDeploymentName } from '../../api/names.ts';
import { hasEnded } from '../../api/release/release.ts';
import { ModelCluster, modelApplication, seeded } from './model-cluster.ts';
import { nameOf } from './observed.ts';
import { inMotion } from './turn.ts';

/** Steps of the whole run; `npm run soak` asks for 100,000. */
const STEPS = Number(process.env['AWEIGH_MODEL_STEPS'] ?? 6_000);
const STEPS_A_LIFE = 300;

/** One Application's life: whatever people, pods, routers and a crashing controller may do, in any order. */
class Life {
  readonly cluster: ModelCluster;
  readonly random: () => number;
  readonly log: string[] = [];
  #routes = '';
  #pushed = 17;
  #rollbacks = 0;
  #hooked = false;
  #configured = false;
  /** Jobs of hooks that succeeded, by build, hook and when. */
  readonly #hooksDone = new Map<string, string>();
  /** Builds that a person let past a gate. */
  readonly waved = new Set<string>();

  constructor(seed: number) {
    this.random = seeded(seed);
    const gates = this.random() < 0.5 ? [{ name: 'look', approval: {} }] : [];
    const steps = this.random() < 0.5 ? [{ percent: 5 }, { percent: 25, gates: [{ name: 'soak', soak: { seconds: 60 } }] }] : [];
    const hook = (name: string) => ({ name, template: { spec: { containers: [{ name, image: '${image}' }] } } });
    const hooks = this.random() < 0.5 ? { internal: { before: [hook('migrate')] }, production: { after: [hook('announce')] } } : {};
    this.#hooked = 'internal' in hooks;
    const autoscaling = this.random() < 0.3 ? { autoscaling: { maxReplicas: 40 } } : {};
    this.#configured = this.random() < 0.3;
    const base = modelApplication(this.#configured ? { template: { spec: { containers: [{ name: 'app', image: '${image}', envFrom: [{ configMapRef: { name: 'settings' } }] }] } } } : {});
    this.cluster = new ModelCluster({
      ...base,
      spec: {
        ...base.spec,
        keepWarmSeconds: this.random() < 0.5 ? 0 : 120,
        ...(this.random() < 0.4 && { abort: { steps: [50, 20], intervalSeconds: 20, onFailure: this.random() < 0.5 } }),
        tracks: base.spec.tracks.map((t) => (t.name === 'paid' ? { ...t, gates } : t.name === 'production' ? { ...t, steps, ...autoscaling } : t)).map((t) => ({ ...t, ...(hooks[t.name as keyof typeof hooks] && { hooks: hooks[t.name as keyof typeof hooks] }) })),
      },
    });
    this.#push(true);
    this.cluster.captureConfig('settings');
    this.cluster.settle();
  }

  step(): void {
    const dice = this.random();
    const { cluster } = this;
    if (dice < 0.35) this.#turn();
    else if (dice < 0.5) cluster.applyDelivery();
    else if (dice < 0.65) cluster.route();
    else if (dice < 0.76) cluster.runPods();
    else if (dice < 0.78) cluster.followPods();
    else if (dice < 0.81) cluster.runJobs();
    else if (dice < 0.83) cluster.captureConfig('settings');
    else if (dice < 0.84) cluster.autoscale('production', 10 + Math.floor(this.random() * 30));
    else if (dice < 0.92) cluster.now += Math.floor(this.random() * (this.random() < 0.1 ? 3_600_000 : 20_000));
    else if (dice < 0.955) this.#push(false);
    else this.#person();
    this.#check();
  }

  /** People stop, all is approved: what is in motion must end. */
  end(): void {
    const { cluster } = this;
    cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, hold: false } };
    const release = () => {
      cluster.captureConfig('settings');
      for (const r of cluster.releases) {
        if (hasEnded(r)) continue;
        const waits = (r.spec.approvals ?? []).length === 0 || r.spec.paused === true;
        if (waits) cluster.steer(nameOf(r), { paused: false, approvals: [{ track: 'paid', gate: '*', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
      }
    };
    for (let i = 0; i < 3; i++) {
      release();
      cluster.settle(() => { this.#check(); return false; }, 3_000);
    }
    const open = cluster.releases.filter((r) => !hasEnded(r));
    expect(open.map((r) => `${nameOf(r)} ${r.status?.phase} ${r.status?.message}`), this.#story('every release ends')).toEqual([]);
    cluster.now += 3_600_000;
    cluster.settle();
    expect(cluster.delivery?.spec.tracks.map((t) => t.builds.length), this.#story('each track ends with one version')).toEqual([1, 1, 1, 1]);
    expect(cluster.turn().actions, this.#story('at rest nothing is written')).toEqual([]);
  }

  #turn(): void {
    const crashAfter = this.random() < 0.3 ? Math.floor(this.random() * 3) : Infinity;
    const { actions } = this.cluster.turn(crashAfter);
    this.log.push(`turn(${crashAfter}) ${actions.map((a) => `${a.type}:${a.reason}`).join(' ')}`);
  }

  #push(good: boolean): void {
    const version = `v1.${this.#pushed++}.0`;
    const behaviour = { becomesReady: good || this.random() < 0.8, testSucceeds: good || this.random() < 0.8, hooksSucceed: good || this.random() < 0.9, refused: !good && this.random() < 0.05 };
    this.cluster.push(version, behaviour);
    this.log.push(`push ${version} ${JSON.stringify(behaviour)}`);
  }

  #person(): void {
    const { cluster, random } = this;
    const open = cluster.releases.filter((r) => r.status?.phase !== undefined && !hasEnded(r));
    const release = open[Math.floor(random() * open.length)];
    const dice = random();
    if (dice < 0.15) {
      const kept = cluster.builds.filter((b) => cluster.releases.some((r) => r.spec.build === nameOf(b) && r.status?.phase === 'Completed'));
      const build = kept[Math.floor(random() * kept.length)];
      if (build === undefined) return;
      this.log.push(`rollback ${nameOf(build)}`);
      cluster.createRelease(`back-${this.#rollbacks++}`, { application: 'account-service', build: nameOf(build), type: 'rollback', actor: 'ada' });
      return;
    }
    if (dice < 0.2) {
      cluster.application = { ...cluster.application, spec: { ...cluster.application.spec, hold: !cluster.application.spec.hold } };
      return;
    }
    if (release === undefined) return;
    this.log.push(`person ${dice.toFixed(2)} ${nameOf(release)}`);
    if (dice < 0.4) cluster.steer(nameOf(release), { abort: { actor: 'ada', reason: 'no' } });
    else if (dice < 0.6) cluster.steer(nameOf(release), { paused: !release.spec.paused });
    else if (dice < 0.9) cluster.steer(nameOf(release), { approvals: [{ track: 'paid', gate: 'look', actor: 'ada', at: '2026-01-01T00:00:00Z' }] });
    else {
      this.waved.add(release.spec.build);
      cluster.steer(nameOf(release), { promote: [{ track: '*', actor: 'ada' }] });
    }
  }

  #checkHooks(): void {
    const { cluster } = this;
    const done = this.#hooksDone;
    for (const { metadata, status } of cluster.jobs) {
      if (metadata?.labels?.['aweigh.dev/hook'] === undefined || status?.conditions?.[0]?.type !== 'Complete') continue;
      const id = `${cluster.release(metadata.labels['aweigh.dev/release'] ?? '').spec.build}${/--.*/.exec(metadata.name ?? '')?.[0]}`;
      if (done.has(id) && done.get(id) !== metadata.name) throw new Error(this.#story(`a hook succeeds once for a build: ${id}`));
      done.set(id, metadata.name ?? '');
    }
    for (const deployment of cluster.deployments.values()) {
      const { track, build } = deployment.metadata?.labels ?? {};
      if (track !== 'internal' || (deployment.spec?.replicas ?? 0) === 0 || done.has(`${build}--before-migrate`)) continue;
      throw new Error(this.#story(`${build} has pods on internal and was not migrated to`));
    }
  }

  #check(): void {
    const { cluster } = this;
    if (this.#hooked) this.#checkHooks();
    for (const { build } of this.#configured ? (cluster.delivery?.spec.tracks ?? []).flatMap((t) => t.builds) : []) {
      if (cluster.builds.find((b) => nameOf(b) === build)?.spec.config === undefined) throw new Error(this.#story(`${build} is on a track before its configuration was captured`));
    }
    const spec = resolveApplication(cluster.application);
    const answer = cluster.router?.status?.observed;
    for (const track of spec.tracks) {
      const owners = cluster.releases.filter((r) => !hasEnded(r) && r.status?.tracks?.some((t) => t.name === track.name && inMotion(t)));
      // A track that is put back may be so while another comes: never two that move forward.
      const forward = owners.filter((r) => r.status?.phase !== 'Aborting');
      if (forward.length > 1) throw new Error(this.#story(`${track.name} has one release: ${forward.map(nameOf)}`));
    }
    const routes = JSON.stringify(answer);
    if (answer === undefined) return;
    const reached = [...answer.routes.filter((r) => r.share > 0).map((r) => ({ backend: r.backend, share: r.share, track: spec.tracks.find((t) => t.segment === r.segment) })),
      { backend: answer.production.backend, share: 10_000, track: spec.tracks.at(-1) },
      ...(answer.production.next === undefined ? [] : [{ ...answer.production.next, track: spec.tracks.at(-1) }])];
    for (const { backend, share, track } of reached) {
      if (track === undefined || backend === undefined) throw new Error(this.#story('every share has a backend'));
      if (!backend.startsWith(`${track.name}-`)) throw new Error(this.#story(`${track.name} reaches its own versions only, not ${backend}`));
      const version = backend.slice(track.name.length + 1);
      const stepwise = spec.abort !== undefined && spec.abort.steps.some((left) => share === Math.floor((track.percent * left) / 100) * 100);
      if (!track.last && share !== track.percent * 100 && !stepwise) throw new Error(this.#story(`${track.name} has its share ${track.percent} or none, not ${share}`));
      const deployment = cluster.deployments.get(trackDeploymentName('account-service', track, version));
      if (deployment === undefined) throw new Error(this.#story(`pods of ${backend} went while users reach it`));
      const build = `account-service-${version}`;
      if (this.#routes !== routes && !this.#routes.includes(`"${backend}"`) && cluster.endpointsOf(deployment) < track.endpointFloor) throw new Error(this.#story(`${backend} got users below its floor`));
      if (cluster.behaviour.get(build)?.testSucceeds === false && !this.waved.has(build) && track.name !== 'internal') throw new Error(this.#story(`${build} failed its test and reached ${track.name}`));
    }
    this.#routes = routes;
  }

  #story(rule: string): string {
    return `${rule}\n${this.log.slice(-40).join('\n')}\n${JSON.stringify(this.cluster.delivery?.spec, undefined, 1)}\n${JSON.stringify(this.cluster.releases.filter((r) => !hasEnded(r)).map((r) => [nameOf(r), r.status?.phase, r.status?.tracks]))}`;
  }
}

test(`rules hold at each of ${STEPS} steps of random pushes, people, failures, kills and clock jumps`, { timeout: 3_600_000 }, () => {
  for (let life = 0; life * STEPS_A_LIFE < STEPS; life++) {
    try {
      const one = new Life(life + 1);
      for (let i = 0; i < STEPS_A_LIFE; i++) one.step();
      one.end();
    } catch (error) {
      throw new Error(`Seed ${life + 1}`, { cause: error });
    }
  }
});
