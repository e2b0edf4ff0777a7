import type { Container, ContainerStatus } from '../../kubernetes/types.generated.ts';
import type { ContainerProgress, ContainerRole } from './next-containers.ts';
import type { ContainerView, Ended } from './pod-status.ts';
import type { Prober } from './prober.ts';
import { afterEnd, type RestartBackoff } from './restart-backoff.ts';
import type { Exit, RuntimeContainer } from './runtime/runtime.ts';

/** All that is known of one container of a pod, over its restarts. */
export class TrackedContainer {
  readonly spec: Container;
  readonly role: ContainerRole;
  running?: RuntimeContainer;
  /** The newest that was started, running or not. */
  newest?: RuntimeContainer;
  /** The newest end, where it does not run. */
  ended?: Ended;
  last?: Ended;
  /** Why it does not run yet, or not again. */
  waiting?: { readonly reason: string; readonly message?: string };
  /** Of the newest start. */
  attempt = -1;
  started = false;
  ready = false;
  startAtMs = 0;
  imageId = '';
  /** Failures in a row to make it. */
  failures = 0;
  /** Set while it is being stopped. */
  stopping?: Promise<void>;
  probers: Prober[] = [];
  /** The run that was ended because it used too much memory. */
  oomKilled?: RuntimeContainer;
  readonly #maxRestartDelayMs: number | undefined;
  #backoff: RestartBackoff = {};

  /** @param maxRestartDelayMs absent: as `afterEnd` has it */
  constructor(spec: Container, role: ContainerRole, known: ContainerStatus | undefined, maxRestartDelayMs?: number) {
    this.spec = spec;
    this.role = role;
    this.#maxRestartDelayMs = maxRestartDelayMs;
    // The count goes on where the containers themselves are lost, as after a fresh data directory.
    if (known?.state?.waiting === undefined && known !== undefined) this.attempt = known.restartCount;
    else if (known !== undefined && known.restartCount > 0) this.attempt = known.restartCount;
  }

  began(running: RuntimeContainer, imageId: string): void {
    if (this.ended !== undefined) this.last = this.ended;
    this.ended = undefined;
    this.waiting = undefined;
    this.running = running;
    this.newest = running;
    this.attempt = running.attempt;
    this.imageId = imageId;
    this.failures = 0;
    this.started = false;
    this.ready = false;
  }

  /** `reason` overrides the plain one. */
  end(of: Pick<RuntimeContainer, 'startedAtMs' | 'id'>, exit: Exit, reason?: string, message?: string): void {
    this.stopProbing();
    if (this.ended !== undefined) this.last = this.ended;
    this.ended = { exitCode: exit.exitCode, reason: reason ?? (exit.exitCode === 0 ? 'Completed' : 'Error'), message, startedAtMs: of.startedAtMs, finishedAtMs: exit.finishedAtMs, containerId: of.id };
    this.running = undefined;
    this.started = false;
    this.ready = false;
    this.#backoff = afterEnd(this.#backoff, exit.finishedAtMs - of.startedAtMs, this.#maxRestartDelayMs);
    this.startAtMs = exit.finishedAtMs + (this.#backoff.delayMs ?? 0);
  }

  stopProbing(): void {
    for (const prober of this.probers) prober.stop();
    this.probers = [];
  }

  get backoffMs(): number {
    return this.#backoff.delayMs ?? 0;
  }

  progress(): ContainerProgress {
    return { state: this.running !== undefined ? 'running' : this.ended !== undefined ? 'ended' : 'new', started: this.started, exitCode: this.ended?.exitCode, startAtMs: this.startAtMs };
  }

  /** @param backingOff it waits for its next start */
  view(backingOff: boolean, pod: string): ContainerView {
    const base = { name: this.spec.name, image: this.spec.image ?? '', role: this.role, imageId: this.imageId, restartCount: Math.max(0, this.attempt), started: this.started, ready: this.role === 'init' ? this.ended?.exitCode === 0 : this.ready };
    if (this.running !== undefined) return { ...base, containerId: this.running.id, state: { type: 'running', startedAtMs: this.running.startedAtMs }, last: this.last };
    if (this.waiting !== undefined) return { ...base, containerId: this.ended?.containerId, state: { type: 'waiting', ...this.waiting }, last: this.ended ?? this.last };
    if (this.ended === undefined) return { ...base, state: { type: 'waiting', reason: 'ContainerCreating' }, last: this.last };
    if (!backingOff) return { ...base, containerId: this.ended.containerId, state: { type: 'terminated', ...this.ended }, last: this.last };
    const message = `back-off ${Math.round(this.backoffMs / 1_000)}s restarting failed container=${this.spec.name} pod=${pod}`;
    return { ...base, containerId: this.ended.containerId, state: { type: 'waiting', reason: 'CrashLoopBackOff', message }, last: this.ended };
  }
}
