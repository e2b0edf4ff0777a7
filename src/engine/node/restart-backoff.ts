/** How long a container that ends waits for its next start: at once, then 10 s, doubling to the longest; forgotten after 10 min of running. As the kubelet does. */
export interface RestartBackoff {
  /** Absent: it never ended. */
  readonly delayMs?: number;
}

const firstMs = 10_000;
/** The kubelet's `crashLoopBackOff.maxContainerRestartPeriod` (KEP-4603) says less where it says anything. */
export const LONGEST_RESTART_DELAY_MS = 300_000;
const forgetAfterMs = 600_000;

/** The back-off after an end. `delayMs` is the wait, counted from that end.
 *  @param ranMs how long the container ran
 *  @param maxMs the longest wait; where it is below the first, every wait is that long */
export function afterEnd(backoff: RestartBackoff, ranMs: number, maxMs = LONGEST_RESTART_DELAY_MS): Required<RestartBackoff> {
  if (backoff.delayMs === undefined || ranMs >= forgetAfterMs) return { delayMs: 0 };
  return { delayMs: Math.min(maxMs, backoff.delayMs === 0 ? firstMs : backoff.delayMs * 2) };
}

/** The wait after the n-th failure (1 and up) to make a container, such as a missing image: 10 s doubling to 5 min. */
export function retryDelayMs(failures: number): number {
  return Math.min(LONGEST_RESTART_DELAY_MS, firstMs * 2 ** Math.min(failures - 1, 10));
}
