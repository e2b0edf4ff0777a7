import { Pods } from '../../client/kinds.ts';
import { isNotFound, StatusError } from '../../client/status-error.ts';
import type { Pod, PodStatus } from '../../kubernetes/types.generated.ts';
import { pause } from '../../runtime/backoff.ts';
import type { NodeContext } from './node-context.ts';

/** What changes within this time is one write. */
const gatherMs = 10;

/** Writes one pod's status, one request at a time, the newest wins; tries until the API has it. */
export class StatusWriter {
  readonly #context: NodeContext;
  readonly #uid: string;
  readonly #key: { readonly namespace?: string; readonly name: string };
  #written = '';
  #wroteReason = false;
  #wanted: PodStatus | undefined;
  #running: Promise<void> | undefined;
  #gone = false;

  constructor(context: NodeContext, pod: Pod) {
    this.#context = context;
    this.#uid = pod.metadata?.uid ?? '';
    this.#key = { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' };
  }

  /** Nothing is sent where nothing changed. */
  write(status: PodStatus): void {
    this.#wanted = status;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Resolves when the newest status is written, the pod is gone, or the node stops. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { client, clock, signal, log, writes } = this.#context;
    await pause(clock, gatherMs, signal);
    for (let failures = 0; this.#wanted !== undefined && !this.#gone && !signal.aborted; ) {
      const status = this.#wanted;
      const text = contentOf(status);
      if (text === this.#written) break;
      // A patch keeps what it leaves out, so that what is no more has to be said.
      const ended = this.#wroteReason || status.reason !== undefined ? { reason: status.reason ?? null, message: status.message ?? null } : {};
      try {
        await writes.run(() => client.patch(Pods, this.#key, { metadata: { uid: this.#uid }, status: { ...status, ...ended } }, { type: 'strategic', subresource: 'status', signal }));
        this.#written = text;
        this.#wroteReason = status.reason !== undefined;
        failures = 0;
      } catch (e) {
        if (isNotFound(e) || (e instanceof StatusError && e.code === 409 && /uid/i.test(e.message))) this.#gone = true;
        else {
          if (failures++ === 0) log.debug({ ...this.#key, error: e instanceof Error ? e.message : String(e) }, 'Pod status not written; trying again');
          await pause(clock, Math.min(2_000, 100 * 2 ** failures), signal);
        }
      }
    }
  }
}

/** Times of unchanged conditions are read back from the API to the second, so that they would differ without meaning anything. */
function contentOf(status: PodStatus): string {
  return JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? undefined : value));
}
