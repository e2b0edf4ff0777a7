import { Cron } from 'croner';

export interface TimeWindow {
  /** Five cron fields. */
  readonly schedule: string;
  readonly durationSeconds: number;
  /** IANA name; absent: UTC. */
  readonly timeZone?: string;
}

/** Times are milliseconds since the epoch. */
export type WindowState =
  | { readonly state: 'open'; readonly since: number; readonly until: number }
  | { readonly state: 'closed'; readonly opensAt: number }
  | { readonly state: 'never' }
  | { readonly state: 'invalid'; readonly message: string };

/** Whether a repeated window is open at `now`. */
export function windowState({ schedule, durationSeconds, timeZone = 'UTC' }: TimeWindow, now: number): WindowState {
  const durationMs = durationSeconds * 1000;
  try {
    const begins = new Cron(schedule, { timezone: timeZone, paused: true }).nextRun(new Date(now - durationMs))?.getTime();
    if (begins === undefined) return { state: 'never' };
    return begins <= now ? { state: 'open', since: begins, until: begins + durationMs } : { state: 'closed', opensAt: begins };
  } catch (error) {
    return { state: 'invalid', message: `'${schedule}' in ${timeZone} is no schedule of five cron fields: ${error instanceof Error ? error.message : String(error)}` };
  }
}
