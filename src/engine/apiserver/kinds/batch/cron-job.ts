import type { CronJobSpec } from '../../../../kubernetes/types.generated.ts';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';
import { nameWarnings, templateWarnings } from '../core/pod/warnings.ts';
import { defaultPodSpec } from '../core/pod/defaults.ts';
import { isCronSchedule } from './cron-schedule.ts';
import { defaultPodFailurePolicy, validateJobTemplate } from './job.ts';

const CONCURRENCY = new Set(['Allow', 'Forbid', 'Replace']);
/** Jobs get the name, '-' and ten digits, within 63 characters. */
const MAX_NAME = 52;

export const cronJob: KindRules = {
  group: 'batch', version: 'v1', kind: 'CronJob', namespaced: true, generation: true,
  name: (name) => {
    const messages = dnsSubdomain(name);
    return name.length > MAX_NAME ? [...messages, `must be at most ${MAX_NAME} characters`] : messages;
  },
  warnings: (object, old) => [...(old === undefined ? nameWarnings(object.metadata.name) : []), ...templateWarnings(object['spec'].jobTemplate.spec?.template, 'spec.jobTemplate.spec.template')],
  default(object) {
    const spec = object['spec'] as CronJobSpec;
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodFailurePolicy(spec.jobTemplate.spec?.podFailurePolicy);
    defaultPodSpec(spec.jobTemplate.spec!.template.spec!);
  },
  validate(object, found) {
    const spec = object['spec'] as CronJobSpec;
    validateSchedule(spec, found);
    found.nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
    found.requiredEnum('spec.concurrencyPolicy', spec.concurrencyPolicy, CONCURRENCY);
    validateJobTemplate(spec.jobTemplate, 'spec.jobTemplate', found);
    found.nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
    found.nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
  },
};

function validateSchedule(spec: CronJobSpec, found: Findings): void {
  if (spec.schedule === '') found.required('spec.schedule');
  else {
    if (!isCronSchedule(spec.schedule)) found.invalid('spec.schedule', spec.schedule, 'must be five cron fields, such as */5 * * * *');
    if (spec.schedule.includes('TZ')) found.invalid('spec.schedule', spec.schedule, 'must not name a time zone; spec.timeZone does');
  }
  const zone = spec.timeZone;
  if (zone === undefined) return;
  if (zone === '') found.invalid('spec.timeZone', zone, 'must not be empty');
  else if (zone.toLowerCase() === 'local') found.invalid('spec.timeZone', zone, 'must be a name of the time zone database');
  else if (!isTimeZone(zone)) found.invalid('spec.timeZone', zone, 'must be a name of the time zone database, such as Europe/Vienna');
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
}
