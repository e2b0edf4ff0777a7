import { Cron } from 'croner';

/** The latest time in (after, until] at which the schedule fires, and the first after `until`.
 *  @param timeZone absent: UTC
 *  @throws {Error} for a schedule or zone that cannot be read */
export function scheduledTimes(schedule: string, timeZone: string | undefined, afterMs: number, untilMs: number): { readonly latestMs?: number; readonly nextMs?: number } {
  const cron = new Cron(schedule, { timezone: timeZone ?? 'UTC', paused: true });
  const nextMs = cron.nextRun(new Date(untilMs))?.getTime();
  // Croner looks forward only: double the window backwards until it holds a time.
  let latestMs: number | undefined;
  for (let window = 60_000; latestMs === undefined; window *= 4) {
    const from = Math.max(afterMs, untilMs - window);
    for (let at = cron.nextRun(new Date(from)); at !== null && at.getTime() <= untilMs; at = cron.nextRun(at)) latestMs = at.getTime();
    if (from === afterMs) break;
  }
  return { ...(latestMs === undefined ? {} : { latestMs }), ...(nextMs === undefined ? {} : { nextMs }) };
}
