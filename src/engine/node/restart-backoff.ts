/** How long a container that ends waits for its next start: at once, then 10 s, doubling to 5 min; forgotten after 10 min of running. As the kubelet does. */
export interface RestartBackoff {
  /** Absent: it never ended. */
  readonly delayMs?: number;
}

const firstMs = 10_000;
const maxMs = 300_000;
const forgetAfterMs = 600_000;

/** The back-off after an end. `delayMs` is the wait, counted from that end.
 *  @param ranMs how long the container ran */
export function afterEnd(backoff: RestartBackoff, ranMs: number): Required<RestartBackoff> {
  if (backoff.delayMs === undefined || ranMs >= forgetAfterMs) return { delayMs: 0 };
  return { delayMs: backoff.delayMs === 0 ? firstMs : Math.min(maxMs, backoff.delayMs * 2) };
}

/** The wait after the n-th failure (1 and up) to make a container, such as a missing image: 10 s doubling to 5 min. */
export function retryDelayMs(failures: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 10));
}
