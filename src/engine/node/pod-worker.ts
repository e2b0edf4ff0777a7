import { Pods, ServiceAccounts } from '../../client/kinds.ts';
import { isNotFound, StatusError } from '../../client/status-error.ts';
import type { Pod, PodSpec, PodStatus } from '../../kubernetes/types.generated.ts';
import { pause } from '../../runtime/backoff.ts';
import { ImageError } from '../images/image-error.ts';
import { containerEnv, type ConfigSource } from './container-env.ts';
import { allContainers, nextContainers, roleOf } from './next-containers.ts';
import type { NodeContext } from './node-context.ts';
import { podStatus } from './pod-status.ts';
import { ClaimedFolders } from './claimed-folders.ts';
import { containerMounts, preparePodVolumes, type PodVolumes } from './pod-volumes.ts';
import { Prober } from './prober.ts';
import { retryDelayMs } from './restart-backoff.ts';
import type { PodPlace, RecoveredPod, RuntimeContainer } from './runtime/runtime.ts';
import { serviceEnv } from './service-env.ts';
import { StatusWriter } from './status-writer.ts';
import { runHook, stopContainer } from './stop-container.ts';
import { terminationMessage } from './termination-message.ts';
import { TrackedContainer } from './tracked-container.ts';
import type { TokenRequest } from './volume-files.ts';

interface Finished {
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason?: string;
  readonly message?: string;
}

const volumeRetryMs = 5_000;
const orphanGraceMs = 2_000;
const haltFlushMs = 1_000;

/** Makes one pod true: its containers run, and its status says so. Level-triggered: every wake looks at all of it. */
export class PodWorker {
  readonly uid: string;
  readonly #context: NodeContext;
  readonly #containers: ReadonlyMap<string, TrackedContainer>;
  readonly #status: StatusWriter;
  readonly #onRemoved: () => void;
  readonly #claims: ClaimedFolders;
  readonly #tokens = new Map<string, { readonly token: string; readonly renewAtMs: number }>();
  #pod: Pod;
  #place: PodPlace | undefined;
  #finished: Finished | undefined;
  #startedAtMs: number;
  #awake = false;
  #looping = false;
  #ending: Promise<void> | undefined;
  #stopDeadlineMs = Infinity;
  /** The API has no such pod any more. */
  #orphan = false;
  /** The machine's person stops everything; the pod stays in the API. */
  #halting = false;
  #backingOff: ReadonlySet<string> = new Set();
  #cancelWake: () => void = () => undefined;

  constructor(context: NodeContext, pod: Pod, recovered: RecoveredPod | undefined, onRemoved: () => void) {
    this.#context = context;
    this.#claims = new ClaimedFolders(context.client);
    this.#pod = pod;
    this.uid = pod.metadata?.uid ?? '';
    this.#status = new StatusWriter(context, pod);
    this.#onRemoved = onRemoved;
    this.#startedAtMs = pod.status?.startTime === undefined ? context.clock.now() : Date.parse(String(pod.status.startTime));
    const known = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const spec = pod.spec as PodSpec;
    this.#containers = new Map(allContainers(spec).map((c) => [c.name, new TrackedContainer(c, roleOf(spec, c), known.find((s) => s.name === c.name), context.maxRestartDelayMs)]));
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') this.#finished = { phase, reason: pod.status?.reason, message: pod.status?.message };
    if (recovered !== undefined) this.#adopt(recovered, known);
    this.wake();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get place(): PodPlace | undefined {
    return this.#place;
  }

  /** By container name. */
  get containers(): ReadonlyMap<string, TrackedContainer> {
    return this.#containers;
  }

  update(pod: Pod): void {
    this.#pod = pod;
    this.wake();
  }

  /** A ConfigMap or Secret that it refers to has changed. */
  configChanged(): void {
    for (const c of this.#containers.values()) if (c.waiting?.reason === 'CreateContainerConfigError') c.startAtMs = 0;
    this.wake();
  }

  /** The pod is gone from the API: its processes go too. */
  abandon(): void {
    this.#orphan = true;
    this.#stopDeadlineMs = Math.min(this.#stopDeadlineMs, this.#context.clock.now() + orphanGraceMs);
    this.wake();
  }

  /** Stops all containers within the pod's grace period. The pod stays in the API, and a later node process starts it again. */
  async halt(): Promise<void> {
    this.#halting = true;
    this.#stopDeadlineMs = this.#context.clock.now() + (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
    this.#writeStatus();
    // A start under way is to be stopped too, and takes its time on a busy machine.
    for (const { clock } = this.#context; this.#looping && clock.now() < this.#stopDeadlineMs; ) await pause(clock, 10);
    await this.#stopAll();
    // The API may be on its way out too.
    await Promise.race([this.#status.flush(), pause(this.#context.clock, haltFlushMs)]);
  }

  wake(): void {
    this.#awake = true;
    if (!this.#looping) void this.#loop();
  }

  #wakeAfter(ms: number): void {
    this.#cancelWake();
    this.#cancelWake = this.#context.clock.after(ms, () => this.wake());
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    while (this.#awake && !this.#context.signal.aborted) {
      this.#awake = false;
      try {
        await this.#sync();
      } catch (e) {
        this.#context.log.warn({ namespace: this.#pod.metadata?.namespace, name: this.#pod.metadata?.name, error: e instanceof Error ? e.message : String(e) }, 'Pod work failed; trying again');
        this.#wakeAfter(1_000);
      }
    }
    this.#looping = false;
  }

  async #sync(): Promise<void> {
    if (this.#halting) return;
    const { clock, runtime } = this.#context;
    const meta = this.#pod.metadata ?? {};
    if (this.#orphan || meta.deletionTimestamp !== undefined) {
      this.#setDeadline();
      this.#ending ??= this.#terminate();
      return;
    }
    if (this.#finished !== undefined) {
      await this.#stopAll();
      this.#writeStatus();
      return;
    }
    const spec = this.#pod.spec as PodSpec;
    const deadlineMs = spec.activeDeadlineSeconds === undefined ? undefined : this.#startedAtMs + spec.activeDeadlineSeconds * 1_000;
    if (deadlineMs !== undefined && clock.now() >= deadlineMs) {
      this.#finish({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
      return;
    }
    this.#place ??= await runtime.placePod({ uid: this.uid, namespace: meta.namespace ?? '', name: meta.name ?? '', nodeName: spec.nodeName ?? '', hostNetwork: spec.hostNetwork === true });
    const volumes = runtime.runsPrograms ? await preparePodVolumes(this.#pod, this.#place, this.#source(), (r) => this.#token(r), this.#claims) : ({ outcome: 'ok', paths: new Map<string, string>() } as const);
    const progress = nextContainers(spec, new Map([...this.#containers].map(([name, c]) => [name, c.progress()])), clock.now());
    if (progress.type === 'finished') {
      this.#finish({ phase: progress.phase });
      return;
    }
    if (volumes.outcome === 'missing' && progress.start.length > 0) {
      this.#event('Warning', 'FailedMount', `MountVolume.SetUp failed: ${volumes.message}`);
      this.#writeStatus();
      this.#wakeAfter(volumeRetryMs);
      return;
    }
    for (const name of progress.start) {
      if (this.#mustEnd()) break;
      await this.#start(this.#containers.get(name)!, volumes);
    }
    this.#backingOff = new Set(progress.backingOff);
    this.#writeStatus();
    const wakes = [progress.wakeAtMs, deadlineMs, ...[...this.#tokens.values()].map((t) => t.renewAtMs), ...[...this.#containers.values()].filter((c) => c.running === undefined && c.startAtMs > clock.now()).map((c) => c.startAtMs)].filter((t) => t !== undefined);
    if (wakes.length > 0) this.#wakeAfter(Math.max(10, Math.min(...wakes) - clock.now()));
  }

  #mustEnd(): boolean {
    return this.#halting || this.#orphan || this.#pod.metadata?.deletionTimestamp !== undefined;
  }

  #finish(finished: Finished): void {
    this.#finished = finished;
    this.#stopDeadlineMs = this.#context.clock.now() + (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
    this.wake();
  }

  #source(): ConfigSource {
    const namespace = this.#pod.metadata?.namespace;
    return { configMap: (name) => this.#context.configMaps.get({ namespace, name }), secret: (name) => this.#context.secrets.get({ namespace, name }) };
  }

  async #start(tracked: TrackedContainer, volumes: PodVolumes): Promise<void> {
    const { runtime, clock, services, baseEnv } = this.#context;
    const { spec } = tracked;
    const meta = this.#pod.metadata ?? {};
    const place = this.#place!;
    const again = (reason: string, message: string, event = true): void => {
      tracked.failures += 1;
      tracked.waiting = { reason, message };
      tracked.startAtMs = clock.now() + retryDelayMs(tracked.failures);
      if (event) this.#event('Warning', 'Failed', `${reason}: ${message}`);
    };
    const linked = this.#pod.spec?.enableServiceLinks === false ? [] : services.list(meta.namespace);
    const api = services.get({ namespace: 'default', name: 'kubernetes' });
    const base = new Map([...baseEnv, ...serviceEnv(api === undefined ? linked : [...linked, api])]);
    const env = containerEnv(this.#pod, spec, base, this.#source(), place);
    if (env.outcome === 'missing') return again('CreateContainerConfigError', env.message);
    let image;
    try {
      image = await runtime.image(spec.image ?? '');
    } catch (e) {
      const message = e instanceof Error ? e.message : String(e);
      const reason = e instanceof ImageError && e.reason === 'Invalid' ? 'InvalidImageName' : spec.imagePullPolicy === 'Never' ? 'ErrImageNeverPull' : tracked.failures === 0 ? 'ErrImagePull' : 'ImagePullBackOff';
      return again(reason, message);
    }
    const attempt = tracked.attempt + 1;
    const startedAtMs = clock.now();
    try {
      const running = await runtime.start({
        pod: { uid: this.uid, namespace: meta.namespace ?? '', name: meta.name ?? '', nodeName: this.#pod.spec?.nodeName ?? '', hostNetwork: this.#pod.spec?.hostNetwork === true },
        name: spec.name, attempt, image, command: spec.command, args: spec.args, workingDir: spec.workingDir, env: env.env,
        mounts: containerMounts(spec, volumes.outcome === 'ok' ? volumes.paths : new Map(), env.env),
        port: spec.ports?.[0]?.containerPort, readOnlyRoot: spec.securityContext?.readOnlyRootFilesystem, resolvConf: this.#context.resolvConf(this.#pod), hosts: this.#context.hosts(this.#pod, place.podIp),
      });
      tracked.began(running, image.digest);
      if (runtime.runsPrograms) this.#event('Normal', 'Started', `Container ${spec.name} started`);
      this.#follow(tracked, running, false);
    } catch (e) {
      tracked.attempt = attempt;
      tracked.waiting = undefined;
      const message = e instanceof Error ? e.message : String(e);
      tracked.end({ startedAtMs, id: '' }, { exitCode: 128, finishedAtMs: clock.now() }, 'StartError', message);
      this.#event('Warning', 'Failed', `Error: ${message}`);
      this.wake();
    }
  }

  #adopt({ place, containers }: RecoveredPod, known: NonNullable<PodStatus['containerStatuses']>): void {
    this.#place = place;
    for (const [name, tracked] of this.#containers) {
      const own = containers.filter((c) => c.name === name);
      for (const container of own) {
        tracked.began(container, container.imageDigest);
        if (container.exit !== undefined) tracked.end(container, container.exit, undefined, terminationMessage(tracked.spec, container, container.exit));
      }
      if (tracked.running === undefined) {
        // It ended while nobody looked, or with the machine: it starts again without a wait.
        tracked.startAtMs = 0;
        continue;
      }
      const status = known.find((s) => s.name === name);
      tracked.started = status?.started === true;
      tracked.ready = status?.ready === true;
      this.#follow(tracked, tracked.running, true);
    }
  }

  /** Watches over a container that runs: its hook, its probes, its end. */
  #follow(tracked: TrackedContainer, running: RuntimeContainer, adopted: boolean): void {
    void running.ended.then((exit) => {
      if (tracked.running !== running) return;
      tracked.end(running, exit, tracked.oomKilled === running ? 'OOMKilled' : undefined, terminationMessage(tracked.spec, running, exit));
      this.wake();
    });
    const hook = tracked.spec.lifecycle?.postStart;
    if (hook === undefined || adopted) this.#probe(tracked, running);
    else {
      void runHook(this.#context, tracked, running, hook, this.#place!.podIp, 600_000).then((failed) => {
        if (tracked.running !== running) return;
        if (failed === undefined) this.#probe(tracked, running);
        else {
          this.#event('Warning', 'FailedPostStartHook', failed);
          void this.#stopOne(tracked, 'postStart hook failed');
        }
        this.wake();
      });
    }
  }

  #probe(tracked: TrackedContainer, running: RuntimeContainer): void {
    const { startupProbe, livenessProbe, readinessProbe } = tracked.spec;
    const context = { runtime: this.#context.runtime, clock: this.#context.clock, tell: (p: Prober, failure: string | undefined) => this.#probed(tracked, running, p, failure) };
    const target = { container: tracked.spec, running, podIp: this.#place!.podIp };
    if (startupProbe !== undefined && !tracked.started) {
      tracked.probers = [new Prober('startup', startupProbe, target, context)];
      return;
    }
    tracked.started = true;
    tracked.probers = [];
    if (livenessProbe !== undefined) tracked.probers.push(new Prober('liveness', livenessProbe, target, context));
    if (readinessProbe === undefined) tracked.ready = true;
    else tracked.probers.push(new Prober('readiness', readinessProbe, target, { ...context, passing: tracked.ready }));
  }

  #probed(tracked: TrackedContainer, running: RuntimeContainer, prober: Prober, failure: string | undefined): void {
    if (tracked.running !== running || tracked.stopping !== undefined) return;
    const { kind } = prober;
    // A pod that is only starting up answers nothing yet: no Event for that.
    if (failure !== undefined && (kind !== 'readiness' || tracked.ready)) this.#event('Warning', 'Unhealthy', `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${failure}`);
    if (kind === 'readiness') tracked.ready = prober.state.passing;
    else if (prober.exhausted) {
      this.#event('Normal', 'Killing', `Container ${tracked.spec.name} failed ${kind} probe, will be restarted`);
      void this.#stopOne(tracked, `${kind} probe failed`, prober.terminationGracePeriodSeconds);
    } else if (kind === 'startup' && prober.state.passing) {
      prober.stop();
      tracked.started = true;
      this.#probe(tracked, running);
    }
    this.wake();
  }

  #stopOne(tracked: TrackedContainer, why: string, graceSeconds = this.#pod.spec?.terminationGracePeriodSeconds ?? 30): Promise<void> {
    const { clock, log } = this.#context;
    const atMs = clock.now() + graceSeconds * 1_000;
    tracked.stopProbing();
    tracked.ready = false;
    tracked.stopping ??= stopContainer(this.#context, tracked, this.#place?.podIp ?? '', () => Math.min(atMs, this.#stopDeadlineMs))
      .then((failed) => {
        if (failed !== undefined) this.#event('Warning', 'FailedPreStopHook', failed);
      })
      .finally(() => (tracked.stopping = undefined));
    log.debug({ name: this.#pod.metadata?.name, container: tracked.spec.name, why }, 'Stopping a container');
    return tracked.stopping;
  }

  /** All main and init containers at once, then sidecars, the last one first. */
  async #stopAll(): Promise<void> {
    const all = [...this.#containers.values()];
    const graceSeconds = this.#pod.metadata?.deletionGracePeriodSeconds ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
    await Promise.all(all.filter((c) => c.role !== 'sidecar' && c.running !== undefined).map((c) => this.#stopOne(c, 'the pod ends', graceSeconds)));
    for (const sidecar of all.filter((c) => c.role === 'sidecar' && c.running !== undefined).reverse()) await this.#stopOne(sidecar, 'the pod ends', graceSeconds);
  }

  #setDeadline(): void {
    if (this.#orphan) return;
    const { deletionTimestamp, deletionGracePeriodSeconds = 30 } = this.#pod.metadata ?? {};
    const graceMs = deletionGracePeriodSeconds * 1_000;
    // The time stamp is cut to seconds, hence the one more.
    const askedMs = deletionTimestamp === undefined ? Infinity : Date.parse(String(deletionTimestamp)) + 1_000;
    this.#stopDeadlineMs = Math.min(this.#stopDeadlineMs, this.#context.clock.now() + graceMs, Math.max(askedMs, this.#context.clock.now()));
  }

  async #terminate(): Promise<void> {
    const { client, clock, runtime, signal, log } = this.#context;
    if (!this.#orphan) {
      // Not Ready first, so that whoever routes to it lets go of it while it still answers.
      for (const c of this.#containers.values()) c.ready = c.ready && c.role === 'init';
      this.#writeStatus();
      if ([...this.#containers.values()].some((c) => c.running !== undefined) && runtime.runsPrograms) this.#event('Normal', 'Killing', 'Stopping containers');
    }
    await this.#stopAll();
    if (!this.#orphan) {
      const ends = [...this.#containers.values()].filter((c) => c.role === 'main');
      this.#finished ??= { phase: ends.every((c) => c.ended?.exitCode === 0) ? 'Succeeded' : 'Failed' };
      if (runtime.runsPrograms) {
        this.#writeStatus();
        await this.#status.flush();
      }
      const key = { namespace: this.#pod.metadata?.namespace, name: this.#pod.metadata?.name ?? '' };
      while (!this.#orphan && !signal.aborted) {
        try {
          await client.delete(Pods, key, { gracePeriodSeconds: 0, uid: this.uid, signal });
          break;
        } catch (e) {
          if (isNotFound(e) || (e instanceof StatusError && e.code === 409)) break;
          log.debug({ ...key, error: e instanceof Error ? e.message : String(e) }, 'The end of a pod is not confirmed; trying again');
          await pause(clock, 500, signal);
        }
      }
    }
    // Without the API's word another node process has to find it.
    if (signal.aborted && !this.#orphan) return;
    await runtime.removePod(this.uid);
    this.#cancelWake();
    this.#onRemoved();
  }

  async #token(request: TokenRequest): Promise<string> {
    const { client, clock } = this.#context;
    const id = request.audience ?? '';
    const known = this.#tokens.get(id);
    if (known !== undefined && clock.now() < known.renewAtMs) return known.token;
    const { metadata, spec } = this.#pod;
    const body = {
      apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest',
      spec: { audiences: request.audience === undefined ? [] : [request.audience], expirationSeconds: request.expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata?.name, uid: this.uid } },
    };
    const answer = (await client.createSubresource(ServiceAccounts, { namespace: metadata?.namespace, name: spec?.serviceAccountName ?? 'default' }, 'token', body)) as { status?: { token?: string } };
    const token = answer.status?.token ?? '';
    // As the kubelet: at four fifths of its life.
    this.#tokens.set(id, { token, renewAtMs: clock.now() + request.expirationSeconds * 800 });
    return token;
  }

  #writeStatus(): void {
    const { clock, runtime } = this.#context;
    if (this.#orphan) return;
    const name = `${this.#pod.metadata?.name}_${this.#pod.metadata?.namespace}(${this.uid})`;
    const host = this.#place?.hostIp ?? '127.0.0.1';
    this.#status.write(
      podStatus({
        pod: this.#pod,
        containers: [...this.#containers.values()].map((c) => c.view(this.#backingOff.has(c.spec.name) && this.#finished === undefined, name)),
        podIp: this.#place?.podIp,
        hostIp: host,
        startedAtMs: this.#startedAtMs,
        nowMs: clock.now(),
        finished: this.#finished !== undefined && ![...this.#containers.values()].some((c) => c.running !== undefined) ? this.#finished : undefined,
        terminating: this.#halting || (this.#ending !== undefined && runtime.runsPrograms),
      }),
    );
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event({ apiVersion: 'v1', kind: 'Pod', metadata: this.#pod.metadata }, type, reason, message);
  }
}
