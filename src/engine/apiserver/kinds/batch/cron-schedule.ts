/** Schedules as CronJobs have them: five fields, or a word such as @daily; perhaps a time zone before them.
 *  Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax */
const WORDS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const EVERY = /^@every [+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly Bounds[] = [{ min: 0, max: 59 }, { min: 0, max: 23 }, { min: 1, max: 31 }, { min: 1, max: 12, names: MONTHS }, { min: 0, max: 6, names: DAYS }];

export function isCronSchedule(text: string): boolean {
  let rest = text;
  const zone = /^(?:CRON_)?TZ=(\S*)\s/.exec(text);
  if (zone !== null) {
    if (!isZone(zone[1] as string)) return false;
    rest = text.slice(zone[0].length).trim();
  } else if (text.startsWith('TZ=') || text.startsWith('CRON_TZ=')) return false;
  if (rest.startsWith('@')) return WORDS.has(rest) || EVERY.test(rest);
  const fields = rest.split(/\s+/).filter((field) => field !== '');
  return fields.length === FIELDS.length && fields.every((field, i) => field.split(',').every((part) => isRange(part, FIELDS[i] as Bounds)));
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Empty parts of a list are passed over. After a star, an upper bound has no meaning and is not read. */
function isRange(text: string, bounds: Bounds): boolean {
  if (text === '') return true;
  const [range = '', step, ...more] = text.split('/');
  if (more.length > 0) return false;
  if (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0)) return false;
  const [low = '', high, ...others] = range.split('-');
  if (low === '*' || low === '?') return true;
  if (others.length > 0) return false;
  const from = valueOf(low, bounds);
  const to = high === undefined ? from : valueOf(high, bounds);
  return from !== undefined && to !== undefined && from >= bounds.min && to <= bounds.max && from <= to;
}

function valueOf(text: string, { min, names }: Bounds): number | undefined {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
