import type { LifecycleHandler } from '../../kubernetes/types.generated.ts';
import { pause } from '../../runtime/backoff.ts';
import { checkHttp } from './network-check.ts';
import type { NodeContext } from './node-context.ts';
import type { RuntimeContainer } from './runtime/runtime.ts';
import type { TrackedContainer } from './tracked-container.ts';

/** Runs a lifecycle hook; undefined when it went well, else what was wrong. */
export async function runHook(context: NodeContext, tracked: TrackedContainer, running: RuntimeContainer, hook: LifecycleHandler, podIp: string, timeoutMs: number): Promise<string | undefined> {
  const { runtime, clock } = context;
  if (!runtime.runsPrograms) return undefined;
  if (hook.sleep !== undefined) {
    await Promise.race([pause(clock, Math.min(timeoutMs, hook.sleep.seconds * 1_000)), running.ended]);
    return undefined;
  }
  if (hook.httpGet !== undefined) {
    const result = await checkHttp(tracked.spec, hook.httpGet, podIp, timeoutMs, 'kube-lifecycle/1.35');
    return result.ok ? undefined : result.message;
  }
  if (hook.exec === undefined) return undefined;
  const { exitCode, output } = await runtime.exec(running, hook.exec.command ?? [], timeoutMs);
  return exitCode === 0 ? undefined : `command ${JSON.stringify(hook.exec.command)} exited with ${exitCode}: ${output.trim()}`;
}

/** Asks a container to end, and ends it at the deadline: preStop, its stop signal, SIGKILL. Resolves when none of its processes is left.
 *  @param deadlineMs asked again and again, since a second delete may bring it forward */
export async function stopContainer(context: NodeContext, tracked: TrackedContainer, podIp: string, deadlineMs: () => number): Promise<string | undefined> {
  const { clock, runtime } = context;
  const { running } = tracked;
  if (running === undefined) return undefined;
  let over = false;
  const ended = running.ended.then(() => {
    over = true;
  });
  const killAtDeadline = (): void => {
    if (over) return;
    const leftMs = deadlineMs() - clock.now();
    if (leftMs <= 0) runtime.signal(running, 'SIGKILL');
    clock.after(leftMs <= 0 ? 1_000 : Math.min(leftMs, 500), killAtDeadline);
  };
  killAtDeadline();
  const hook = tracked.spec.lifecycle?.preStop;
  let failed: string | undefined;
  if (hook !== undefined) failed = await Promise.race([runHook(context, tracked, running, hook, podIp, Math.max(0, deadlineMs() - clock.now())), ended.then(() => undefined)]);
  // The kubelet gives two seconds more where the hook has used up the grace period; so the signal is never left out.
  if (!over) {
    const image = await runtime.image(running.imageDigest).catch(() => undefined);
    runtime.signal(running, stopSignal(tracked.spec.lifecycle?.stopSignal ?? image?.run.StopSignal));
  }
  await ended;
  return failed;
}

function stopSignal(text: string | undefined): NodeJS.Signals {
  return text !== undefined && /^SIG[A-Z0-9+]+$/.test(text) ? (text as NodeJS.Signals) : 'SIGTERM';
}
