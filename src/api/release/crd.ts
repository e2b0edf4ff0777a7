import { age, column, conditions, customResourceDefinition, flag, integer, keyedList, list, object, observedGeneration, rules, text, time } from '../schema.ts';
import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';

const actor = text('Who did it.', { minLength: 1, maxLength: 256 });
const reason = text('Why.', { maxLength: 1024 });

const gateStatus = object(
  'One gate.',
  {
    name: text('Name of the gate.'),
    kind: text('Kind of the gate.'),
    state: text('Where it stands.', { enum: ['Waiting', 'Running', 'Passed', 'Failed', 'Inconclusive', 'Skipped'] }),
    startedAt: time('When it began.'),
    completedAt: time('When it ended.'),
    message: text('Its verdict, for people.'),
    values: { type: 'object', description: 'Measured values.', additionalProperties: { 'x-kubernetes-preserve-unknown-fields': true } satisfies JSONSchemaProps },
  },
  { required: ['name', 'kind', 'state'] },
);

const hookStatus = object(
  'One hook.',
  {
    name: text('Name of the hook.'),
    when: text('Before the first pod, or after the gates.', { enum: ['before', 'after'] }),
    state: text('Where it stands.', { enum: ['Starting', 'Running', 'Passed', 'Failed', 'Skipped'] }),
    job: text('Job that has its output.'),
    startedAt: time('When it began.'),
    completedAt: time('When it ended.'),
    message: text('How it ended, for people.'),
  },
  { required: ['name', 'when', 'state', 'job'] },
);

const trackStatus = object(
  'The release on one track.',
  {
    name: text('Name of the track.'),
    phase: text('Where it stands.', { enum: ['Queued', 'Preparing', 'ScalingUp', 'Testing', 'Shifting', 'Verifying', 'Finishing', 'Draining', 'Passed', 'Failed', 'RolledBack', 'Skipped'] }),
    previousBuild: text('Build that the track served before.'),
    startedAt: time('When the release came to the track.'),
    shiftedAt: time("When the routers' read-back showed the new version."),
    verifiedAt: time('When its gates had passed.'),
    completedAt: time('When the track was done.'),
    leaving: object('The steps in which users leave it.', { percent: integer('Share that it had.', { minimum: 0, maximum: 100 }), step: integer('Step that it is at.', { minimum: 0 }), since: time('Since when.') }, { required: ['percent', 'step', 'since'] }),
    leftAt: time("When the routers' read-back showed that a rolled back build has no user any more."),
    degradedAt: time('Since when the build has fewer ready endpoints than the floor while it serves.'),
    wantedPercent: integer('Share that it is to have.', { minimum: 0, maximum: 100 }),
    observedPercent: integer('Share that was read back from the routers.', { minimum: 0, maximum: 100 }),
    stepIndex: integer('Step of the last track.', { minimum: 0 }),
    hooks: keyedList('Hooks of the track.', ['when', 'name'], hookStatus),
    gates: keyedList('Gates of the track.', ['name'], gateStatus),
  },
  { required: ['name', 'phase'] },
);

export const releaseCrd = customResourceDefinition({
  kind: 'Release',
  plural: 'releases',
  singular: 'release',
  shortNames: ['rel'],
  description: 'One Build on its way through the tracks. People steer it by its spec; its status is the whole story.',
  spec: object(
    'What is to be done.',
    {
      application: text('Application.', { minLength: 1, maxLength: 40, ...rules(['self == oldSelf', 'The application of a Release never changes: make another Release']) }),
      build: text('Build.', { minLength: 1, maxLength: 253, ...rules(['self == oldSelf', 'The build of a Release never changes: make another Release']) }),
      type: text('promotion goes track by track; rollback puts the build on every track that serves another, weight first; hotfix skips gates.', { enum: ['promotion', 'rollback', 'hotfix'], default: 'promotion', ...rules(['self == oldSelf', 'The type of a Release never changes: make another Release']) }),
      actor: text('Who asked.', { maxLength: 256 }),
      reason,
      paused: flag('True: nothing moves until it is resumed; a failure still rolls back.'),
      abort: object('Set to end the release and put back what its tracks held before.', { actor, reason, atOnce: flag("True: not in the Application's steps.") }, { required: ['actor', 'reason'] }),
      approvals: list(
        'Approvals given.',
        object('One approval.', { track: text('Track.'), gate: text('Gate, or *.'), actor, at: time('When.'), message: text('Remark.', { maxLength: 1024 }) }, { required: ['track', 'gate', 'actor', 'at'] }),
        { maxItems: 100 },
      ),
      promote: list(
        'Tracks whose remaining gates a person skipped.',
        object('One skip.', { track: text('Track, or * for all.'), hook: text('Only this hook, which failed.'), actor, reason }, { required: ['track', 'actor'] }),
        { maxItems: 100 },
      ),
    },
    {
      required: ['application', 'build'],
      ...rules(["!has(self.type) || self.type != 'hotfix' || (has(self.actor) && has(self.reason))", 'A hotfix skips gates and so names its approver and reason: set spec.actor and spec.reason']),
    },
  ),
  status: object('The story.', {
    observedGeneration,
    phase: text('Where it stands.', { enum: ['Pending', 'Progressing', 'Paused', 'Aborting', 'Completed', 'Failed', 'Aborted', 'Superseded'] }),
    track: text('Track that the release is on.'),
    reason: text('Reason of the last step, PascalCase.'),
    message: text('The last step, for people.'),
    queuedAt: time('Since when it waits for a place among the releases in motion.'),
    startedAt: time('When it began to move.'),
    completedAt: time('When it ended.'),
    tracks: keyedList('Each track of the release.', ['name'], trackStatus),
    conditions,
    history: list(
      'What happened, newest last, at most 50.',
      object('One step.', { at: time('When.'), track: text('Where.'), actor: text('Who.'), reason: text('Why, PascalCase.'), message: text('What.'), commit: text('Commit in the record.') }, { required: ['at', 'actor', 'reason', 'message'] }),
      { maxItems: 50 },
    ),
  }),
  columns: [
    column('Application', '.spec.application', 'Application.'),
    column('Build', '.spec.build', 'Build.'),
    column('Phase', '.status.phase', 'Where it stands.'),
    column('Track', '.status.track', 'Track that it is on.'),
    column('Reason', '.status.reason', 'Reason of the last step.'),
    column('Message', '.status.message', 'The last step, for people.', 'string', 1),
    age,
  ],
});
