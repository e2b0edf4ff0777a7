import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';
import { flag, integer, keyedList, number, object, podTemplate, rules, text } from '../schema.ts';

const metric = object(
  'One measured value and its bound.',
  {
    name: text('Name of the metric.', { maxLength: 63 }),
    source: object(
      'Where the value comes from: the routers themselves, or PromQL.',
      {
        router: text('Measured by the routers.', { enum: ['errorRatio', 'latencyP50Seconds', 'latencyP99Seconds', 'requestRate'] }),
        prometheus: object(
          'A query to a Prometheus-compatible server.',
          { url: text('Base URL of the server.', { pattern: '^https?://', maxLength: 2048 }), query: text('PromQL that gives one value; ${backend}, ${track}, ${version}, ${application} and ${namespace} are filled in.', { minLength: 1, maxLength: 8192 }) },
          { required: ['url', 'query'] },
        ),
      },
      rules(['has(self.router) != has(self.prometheus)', 'A metric has one source: set either router or prometheus']),
    ),
    max: number('Success while the value is at most this.'),
    min: number('Success while the value is at least this.'),
    maxRatioToProduction: number("Success while the value is at most production's value at the same time, times this.", { minimum: 0 }),
    consecutiveFailures: integer('Failures in a row before the verdict.', { minimum: 1, maximum: 1000, default: 3 }),
    failureLimit: integer('Failures in all before the verdict. Default: any number.', { minimum: 1, maximum: 100000 }),
    consecutiveSuccesses: integer('Good samples in a row that it needs at the end.', { minimum: 1, maximum: 100000, default: 1 }),
    dryRun: flag('Measured and shown, never a reason to fail.'),
  },
  {
    required: ['name', 'source'],
    ...rules(['has(self.max) || has(self.min) || has(self.maxRatioToProduction)', 'A metric without a bound cannot fail: set max, min or maxRatioToProduction']),
  },
);

const KINDS = ['soak', 'testJob', 'approval', 'analysis', 'window', 'webhook'];

/** Gates of a track or of a step. */
export const gates: JSONSchemaProps = keyedList(
  'All must pass before the release goes on. A test job runs before the track gets traffic, all others after.',
  ['name'],
  object(
    'One gate: exactly one of soak, testJob, approval, analysis, window and webhook.',
    {
      name: text('Name of the gate, unique in its track.', { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 40 }),
      soak: object('Passes when the track has served for some time.', { seconds: integer('Time since the routers showed the new version.', { minimum: 0, maximum: 2592000 }) }, { required: ['seconds'] }),
      testJob: object(
        'Runs a Job against the new version before users reach it; CANDIDATE_URL holds its address.',
        {
          template: podTemplate('Pod template of the Job, with the same placeholders as the Application.'),
          backoffLimit: integer('Retries of the Job.', { minimum: 0, maximum: 100, default: 0 }),
          timeoutSeconds: integer('Time after which the Job has failed.', { minimum: 1, maximum: 86400, default: 600 }),
        },
        { required: ['template'] },
      ),
      approval: object('Waits for a person: aweigh release approve.', { message: text('What the person is to look at.', { maxLength: 1024 }) }),
      analysis: object(
        'Measures the track for some time, against bounds or against production at the same time.',
        {
          intervalSeconds: integer('Time between two samples.', { minimum: 1, maximum: 3600, default: 1 }),
          durationSeconds: integer('How long it must go well.', { minimum: 1, maximum: 2592000 }),
          minimumSample: integer('Requests seen before any verdict.', { minimum: 0, default: 100 }),
          inconclusiveAfterSeconds: integer('How long it may lack a verdict before the release pauses. Default: durationSeconds.', { minimum: 1 }),
          metrics: keyedList('Metrics, all of which must succeed.', ['name'], metric, { minItems: 1, maxItems: 20 }),
        },
        { required: ['durationSeconds', 'metrics'] },
      ),
      window: object(
        'Passes while a time window is open.',
        {
          schedule: text('When the window opens: five cron fields.', { minLength: 9, maxLength: 100 }),
          durationSeconds: integer('How long it stays open.', { minimum: 60, maximum: 2592000 }),
          timeZone: text('IANA name. Default UTC.', { maxLength: 64 }),
        },
        { required: ['schedule', 'durationSeconds'] },
      ),
      webhook: object(
        'Asks a server: POST with the release as JSON; 2xx with {"verdict": "pass" | "fail" | "wait"}.',
        { url: text('Where to ask.', { pattern: '^https?://', maxLength: 2048 }), timeoutSeconds: integer('Time for one answer.', { minimum: 1, maximum: 300, default: 10 }) },
        { required: ['url'] },
      ),
    },
    {
      required: ['name'],
      ...rules([`[${KINDS.map((k) => `has(self.${k})`).join(', ')}].filter(x, x).size() == 1`, `A gate is exactly one of ${KINDS.join(', ')}`]),
    },
  ),
  { maxItems: 20 },
);

const hook = (description: string): JSONSchemaProps =>
  keyedList(
    description,
    ['name'],
    object(
      'One Job.',
      {
        name: text('Name of the hook.', { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 40 }),
        template: podTemplate('Pod template of the Job, with the same placeholders as the Application.'),
        backoffLimit: integer('Retries of the Job.', { minimum: 0, maximum: 100, default: 0 }),
        timeoutSeconds: integer('Time after which the Job has failed.', { minimum: 1, maximum: 86400, default: 600 }),
        onFailure: text('rollback ends the release and puts back what was there; pause waits for a person.', { enum: ['rollback', 'pause'], default: 'rollback' }),
      },
      { required: ['name', 'template'] },
    ),
    { maxItems: 10 },
  );

/** Hooks of a track. */
export const hooks: JSONSchemaProps = object('Jobs that a release runs once each on this track, in their order. Rollbacks run none.', {
  before: hook('Before the first pod of the new version starts here.'),
  after: hook('When all gates have passed, while the former version still runs.'),
});
