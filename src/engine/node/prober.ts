import type { Container, Probe } from '../../kubernetes/types.generated.ts';
import type { Clock } from '../../runtime/clock.ts';
import { checkHttp, checkTcp, type CheckResult } from './network-check.ts';
import { afterProbe, exhausted, initialProbeState, type ProbeKind, type ProbeState } from './probe-state.ts';
import type { Runtime, RuntimeContainer } from './runtime/runtime.ts';

/** A readiness probe that never passed yet is asked this often for its first seconds: nothing hangs on its failures, and a pod is used as soon as it answers. */
const eagerPeriodMs = 250;
const eagerForMs = 15_000;

export interface ProbedContainer {
  readonly container: Container;
  readonly running: RuntimeContainer;
  readonly podIp: string;
}

/** Runs one probe of one container until it is stopped. */
export class Prober {
  readonly kind: ProbeKind;
  state: ProbeState;
  readonly #probe: Probe;
  readonly #target: ProbedContainer;
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #tell: (prober: Prober, failure: string | undefined) => void;
  #cancel: () => void = () => undefined;
  #stopped = false;
  #everPassed = false;

  /** @param tell called after each result that changed the verdict or failed; `failure` is what the check said */
  constructor(kind: ProbeKind, probe: Probe, target: ProbedContainer, context: { readonly runtime: Runtime; readonly clock: Clock; readonly tell: (prober: Prober, failure: string | undefined) => void; readonly passing?: boolean }) {
    this.kind = kind;
    this.#probe = probe;
    this.#target = target;
    this.#runtime = context.runtime;
    this.#clock = context.clock;
    this.#tell = context.tell;
    this.state = context.passing === true ? { passing: true, inARow: 0 } : initialProbeState(kind);
    this.#everPassed = context.passing === true;
    const dueMs = target.running.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1_000;
    this.#schedule(Math.max(0, dueMs - this.#clock.now()));
  }

  get exhausted(): boolean {
    return exhausted(this.state, this.#probe);
  }

  /** Grace of its own for a container that fails it, seconds. */
  get terminationGracePeriodSeconds(): number | undefined {
    return this.#probe.terminationGracePeriodSeconds;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(ms: number): void {
    if (!this.#stopped) this.#cancel = this.#clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    const result = await this.#check();
    if (this.#stopped) return;
    const before = this.state;
    this.state = afterProbe(before, result.ok ? 'success' : 'failure', this.#probe);
    this.#everPassed ||= this.state.passing;
    if (before.passing !== this.state.passing || !result.ok) this.#tell(this, result.ok ? undefined : result.message);
    const periodMs = (this.#probe.periodSeconds ?? 10) * 1_000;
    const eager = this.kind === 'readiness' && !this.#everPassed && (this.#probe.successThreshold ?? 1) === 1 && this.#clock.now() - this.#target.running.startedAtMs < eagerForMs;
    this.#schedule(eager ? Math.min(periodMs, eagerPeriodMs) : periodMs);
  }

  async #check(): Promise<CheckResult> {
    const { container, running, podIp } = this.#target;
    const { exec, httpGet, tcpSocket, timeoutSeconds = 1 } = this.#probe;
    const timeoutMs = timeoutSeconds * 1_000;
    if (!this.#runtime.runsPrograms) return { ok: true };
    if (httpGet !== undefined) return checkHttp(container, httpGet, podIp, timeoutMs, 'kube-probe/1.35');
    if (tcpSocket !== undefined) return checkTcp(container, tcpSocket.port, tcpSocket.host || podIp, timeoutMs);
    if (exec === undefined) return { ok: false, message: 'this node runs exec, httpGet and tcpSocket probes only' };
    const { exitCode, output } = await this.#runtime.exec(running, exec.command ?? [], timeoutMs);
    return exitCode === 0 ? { ok: true } : { ok: false, message: exitCode === 124 ? `command timed out after ${timeoutMs} ms` : output.trim() || `command exited with ${exitCode}` };
  }
}
