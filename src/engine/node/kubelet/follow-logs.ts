import type { Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { PodWorkers } from '../pod-workers.ts';
import { markLog } from './log-times.ts';
import { trimLog, type LogLimits } from './log-window.ts';

const lookMs = 1_000;

/** Looks at all logs once a second: notes when they grew, and keeps them within their limits. */
export function followLogs(pods: PodWorkers, limits: LogLimits, { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal }): void {
  let sizes = new Map<string, number>();
  let told = false;
  const look = async (): Promise<void> => {
    const now = new Map<string, number>();
    for (const worker of pods.all()) {
      for (const { running } of worker.containers.values()) {
        if (running?.logFile === undefined) continue;
        const size = markLog(running.logFile, sizes.get(running.logFile), clock.now());
        now.set(running.logFile, size);
        if (size === sizes.get(running.logFile)) continue;
        await trimLog(running.logFile, size, limits).catch((e: unknown) => {
          if (!told) log.warn({ logFile: running.logFile, error: e instanceof Error ? e.message : String(e) }, 'Logs cannot be kept within their limits here: their old lines stay on the disk');
          told = true;
        });
      }
    }
    sizes = now;
    if (!signal.aborted) clock.after(lookMs, () => void look());
  };
  void look();
}
