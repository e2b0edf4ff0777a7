import { age, column, conditions, customResourceDefinition, flag, integer, keyedList, list, object, text, time } from '../schema.ts';

const percent = integer('Share of users, 0 to 100.', { minimum: 0, maximum: 100 });

export const deliveryCrd = customResourceDefinition({
  kind: 'Delivery',
  plural: 'deliveries',
  singular: 'delivery',
  description: 'What an Application is to be in the cluster right now. Written by the release controller, made true by the record controller.',
  spec: object(
    'What is to be.',
    {
      application: text('Application.', { minLength: 1, maxLength: 40 }),
      tracks: keyedList(
        'Each track.',
        ['name'],
        object(
          'One track.',
          {
            name: text('Name of the track.'),
            serving: text("Build that the track's Service selects and its segment reaches."),
            percent,
            closed: flag('True: nobody reaches the serving build, listed users neither, while the track is put back.'),
            builds: keyedList('Every build that has pods here.', ['build'], object('One build.', { build: text('Build.'), replicas: integer('Wanted pods; the least where autoscaled.', { minimum: 0 }), autoscaled: flag('True: an autoscaler chooses their number.') }, { required: ['build', 'replicas'] })),
            next: object("Only on the last track while its share grows in steps: build takes percent of production's users.", { build: text('Build.'), percent }, { required: ['build', 'percent'] }),
          },
          { required: ['name', 'percent', 'builds'] },
        ),
      ),
      router: object('The routers.', { replicas: integer('Wanted routers.', { minimum: 0 }) }, { required: ['replicas'] }),
      change: object(
        'Why the last change.',
        {
          release: text('Release that asked.'),
          track: text('Track that changed.'),
          actor: text('Who.'),
          reason: text('Why, PascalCase.'),
          message: text('What, for people.'),
        },
        { required: ['actor', 'reason', 'message'] },
      ),
    },
    { required: ['application', 'tracks', 'router', 'change'] },
  ),
  status: object('What is.', {
    observedGeneration: integer('Generation that is committed and applied.'),
    commit: text('Commit of that generation.'),
    conditions,
    drift: list(
      'Objects whose live state differs from the record, and the last that were put right or adopted.',
      object('One object.', {
        object: text('Kind/name.'),
        fields: list('Where it differs.', text('Path.')),
        outcome: text('What became of it.', { enum: ['Mended', 'Adopted', 'Reported'] }),
        at: time('When it was seen.'),
        by: text('The field manager that wrote last.'),
      }, { required: ['object', 'fields', 'outcome', 'at'] }),
    ),
  }),
  columns: [
    column('Application', '.spec.application', 'Application.'),
    column('Reason', '.spec.change.reason', 'Reason of the last change.'),
    column('Generation', '.metadata.generation', 'Wanted generation.', 'integer'),
    column('Applied', '.status.observedGeneration', 'Applied generation.', 'integer'),
    column('Commit', '.status.commit', 'Commit of the applied generation.', 'string', 1),
    age,
  ],
});

