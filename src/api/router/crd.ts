import { age, column, conditions, customResourceDefinition, flag, integer, keyedList, list, object, observedGeneration, text, time } from '../schema.ts';
import { gatewayRouting } from './gateway.ts';
import { userIdSource } from './identity.ts';

const share = integer('Users whose bucket is below this, 0 to 10,000.', { minimum: 0, maximum: 10000 });
const backend = text('Name of a backend.');
const users = (description: string) => list(description, text('A user id.', { maxLength: 128 }), { maxItems: 1000 });
const next = object('A second version that takes a share.', { backend, share }, { required: ['backend', 'share'] });

export const routerCrd = customResourceDefinition({
  kind: 'Router',
  plural: 'routers',
  singular: 'router',
  description: "The traffic rules of one Application's router tier.",
  spec: object(
    'Who goes where.',
    {
      application: text('Application.', { minLength: 1, maxLength: 40 }),
      provider: text('What routes.', { enum: ['haproxy', 'builtin', 'gateway-api'] }),
      leaving: text('What routed before, and goes on until provider has taken over.', { enum: ['haproxy', 'builtin', 'gateway-api'] }),
      gateway: gatewayRouting,
      port: integer('Port that the routers listen on for requests.', { minimum: 1, maximum: 65535 }),
      userId: userIdSource,
      defaultSegment: text('Segment of a request without X-Traffic-Group.'),
      edge: flag("True: a client's own X-Traffic-Group is removed."),
      backends: keyedList(
        'Every version that may get requests, or still drains.',
        ['name'],
        object(
          'One version on one track.',
          {
            name: text('<track>-<version>.'),
            track: text('Track.'),
            version: text('Version.'),
            service: text('Service whose EndpointSlices give the servers.'),
            floor: integer('Ready endpoints below which it gets no new requests.', { minimum: 0 }),
          },
          { required: ['name', 'track', 'version', 'service', 'floor'] },
        ),
      ),
      routes: keyedList(
        'One a segment; a segment without a route goes to production.',
        ['segment'],
        object('One segment.', { segment: text('Value of X-Traffic-Group.'), backend, share, include: users('Users who go to the backend whatever the share.'), exclude: users('Users who never go to the backend.'), strict: flag('Refused with 503 below the floor.'), seed: text('Salt of the bucket.') }, { required: ['segment', 'share', 'strict', 'seed'] }),
      ),
      production: object('All others.', { backend, next, include: users('Users who go to next whatever its share, unless that is 0.'), exclude: users('Users who never go to next.'), seed: text('Salt of the bucket.') }, { required: ['seed'] }),
    },
    { required: ['application', 'provider', 'port', 'userId', 'defaultSegment', 'backends', 'routes', 'production'] },
  ),
  status: object('What the routers answered.', {
    observedGeneration,
    conditions,
    pods: keyedList('Routers that were told and read back.', ['name'], object('One router.', { name: text('Pod.'), observedGeneration, at: time('When.') }, { required: ['name'] })),
    gateways: keyedList('Gateways, and the generation that each routes by.', ['name'], object('One Gateway.', { name: text('namespace/name.'), observedGeneration, at: time('When.'), to: text('routers: it leads to the routers. Default: it chooses versions itself.', { enum: ['routers'] }) }, { required: ['name'] })),
    observed: object('What every told router answered.', {
      routes: keyedList('Each segment.', ['segment'], object('One segment.', { segment: text('Segment.'), backend, share }, { required: ['segment', 'share'] })),
      production: object('Production.', { backend, next }),
    }),
    switches: list(
      'Switches of the routes, newest last, at most 50.',
      object('From the first command sent to the last read-back.', { generation: integer('Generation of the spec.'), startedAt: time('First command sent.'), observedAt: time('Last read-back.'), milliseconds: { type: 'number', description: 'Time between them.' } }),
      { maxItems: 50 },
    ),
    endpoints: keyedList('Ready endpoints of each backend.', ['backend'], object('One backend.', { backend, ready: integer('Ready endpoints.') }, { required: ['backend', 'ready'] })),
    requests: keyedList(
      'Requests of each backend since the routers started.',
      ['backend'],
      object('One backend.', { backend, total: integer('Requests.'), errors: integer('Answers of 500 and above, and connections lost.') }, { required: ['backend', 'total', 'errors'] }),
    ),
  }),
  columns: [
    column('Provider', '.spec.provider', 'What routes.'),
    column('Production', '.status.observed.production.backend', 'Backend that production reaches, as read back.'),
    column('Told', '.status.conditions[?(@.type=="Told")].status', 'All routers were told and read back, or all Gateways have accepted.'),
    column('Generation', '.metadata.generation', 'Wanted generation.', 'integer', 1),
    column('Observed', '.status.observedGeneration', 'Generation read back.', 'integer', 1),
    age,
  ],
});
