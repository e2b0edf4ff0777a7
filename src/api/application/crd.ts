import { age, column, conditions, customResourceDefinition, flag, integer, keyedList, list, object, observedGeneration, podTemplate, rules, text } from '../schema.ts';
import { gatewayRouting } from '../router/gateway.ts';
import { segmentRules, tokenSource, userIdSource } from '../router/identity.ts';
import { DEFAULTS } from './defaults.ts';
import { freezeWindows } from './freeze-schema.ts';
import { gates, hooks } from './gate-schema.ts';

const userIds = (description: string) =>
  list(description, text('A user id.', { pattern: '^[A-Za-z0-9._@:+|=/~-]+$', minLength: 1, maxLength: 128 }), { maxItems: 1000, 'x-kubernetes-list-type': 'set' });

const track = object(
  'A stage of every release.',
  {
    name: text('Name of the track.', { pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$', maxLength: 15 }),
    resourceName: text('Word for the track in names of Services and Deployments. Default: canary for free, else the name.', { pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$', maxLength: 15 }),
    replicas: integer('Pods of the serving version.', { minimum: 1, maximum: 1000 }),
    autoscaling: object(
      'A HorizontalPodAutoscaler keeps the serving version between replicas and maxReplicas.',
      {
        maxReplicas: integer('The most pods.', { minimum: 1, maximum: 1000 }),
        metrics: list('As in autoscaling/v2. Default: 80 % of the CPU that the pods request.', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, { maxItems: 20 }),
        behavior: { type: 'object', description: 'As in autoscaling/v2.', 'x-kubernetes-preserve-unknown-fields': true },
      },
      { required: ['maxReplicas'] },
    ),
    endpointFloor: integer('Ready endpoints below which the track has no weight. Default: 2, or replicas where that is less.', { minimum: 1, maximum: 1000 }),
    segment: text('Value of X-Traffic-Group whose users this track takes. Absent only on the last track.', { pattern: '^[A-Za-z0-9_-]+$', maxLength: 63 }),
    percent: integer("Share of the segment's users.", { minimum: 0, maximum: 100 }),
    steps: list(
      "Growing shares of the last track's users for a new version; 100 follows by itself.",
      object('One step.', { percent: integer('Share of users.', { minimum: 1, maximum: 99 }), gates }, { required: ['percent'] }),
      { maxItems: 10, ...rules(['[1, 2, 3, 4, 5, 6, 7, 8, 9].all(i, i >= size(self) || self[i - 1].percent < self[i].percent)', 'Steps ascend: each percent is greater than the one before, and 100 follows by itself']) },
    ),
    users: object("Users of the segment whom no share decides. On the last track, with steps alone: who of production's users gets a new version with the first step, and who only when it takes all.", {
      include: userIds("Always on the track's version, even at a share of 0; on the last track from its first step on."),
      exclude: userIds("Never on the track's version: production serves them."),
    }),
    strict: flag('True: below its floor the segment is refused with 503 instead of falling back to production. Default: true where percent is 100 and the track is the first.'),
    gates,
    hooks,
  },
  {
    required: ['name', 'replicas'],
    ...rules(['!has(self.endpointFloor) || self.endpointFloor <= self.replicas', 'endpointFloor is at most replicas: lower the floor or raise replicas'], ['!has(self.autoscaling) || self.autoscaling.maxReplicas >= self.replicas', 'An autoscaled track has at least replicas pods: raise maxReplicas or lower replicas']),
  },
);

const tracks = keyedList('The stages in the order that a release takes. The last is production: it takes all that no other track takes.', ['name'], track, {
  minItems: 1,
  maxItems: 10,
  ...rules(
    ['!self.map(t, has(t.segment))[size(self) - 1]', 'The last track is production and has no segment: remove its segment, or put the tracks in the order that a release takes'],
    ['size(self.filter(t, has(t.segment))) == size(self) - 1 || self.map(t, has(t.segment))[size(self) - 1]', 'Every track but the last has a segment: set it, or put the track that has none last'],
    ['self.all(t, !has(t.segment) || size(self.filter(o, has(o.segment) && o.segment == t.segment)) == 1)', 'Two tracks cannot take the same segment'],
    ['self.all(t, size(self.filter(o, o.name == t.name)) == 1)', 'Two tracks cannot have the same name'],
    ['size(self.filter(t, has(t.steps) && size(t.steps) > 0)) == 0 || (self.map(t, has(t.steps) && size(t.steps) > 0)[size(self) - 1] && size(self.filter(t, has(t.steps) && size(t.steps) > 0)) == 1)', 'Only the last track can have steps'],
    ['!self.map(t, has(t.users) && !(has(t.steps) && size(t.steps) > 0))[size(self) - 1]', 'Lists on the last track say who is first and last in its steps, and it has none: add steps; to keep users on it, list them in users.exclude of the tracks before it'],
    ['self.map(t, !has(t.percent) || t.percent == 100)[size(self) - 1]', 'The last track takes all that no other track takes: remove its percent, or use steps'],
  ),
});

const router = object(
  'The routers in front of the tracks.',
  {
    kind: text('auto: haproxy where the router image can, else builtin. gateway-api: Gateways of the cluster route.', { enum: ['auto', 'haproxy', 'builtin', 'gateway-api'], default: DEFAULTS.routerKind }),
    gateway: gatewayRouting,
    replicas: integer('Router pods.', { minimum: 1, maximum: 100, default: DEFAULTS.routerReplicas }),
    floor: integer('Available routers under which health is critical. Default: 2, or replicas where that is less.', { minimum: 1, maximum: 100 }),
    edge: flag("True: a client's own X-Traffic-Group is removed, and the router sets it."),
    segments: segmentRules,
    token: tokenSource,
    drainSeconds: integer('How long the last requests, WebSockets and streams of a router that stops may take. Default 15.', { minimum: 1, maximum: 3600 }),
    accessLog: object('One JSON line a request in the log of the router that took it.', {
      percent: integer('Share of the requests; 0 is off, and where it is not, answers of 500 and above are always logged. Default 100.', { minimum: 0, maximum: 100 }),
      userIds: flag("True: the user's id in clear. Default: the bucket only."),
    }),
    haproxy: object('Lines added to marked places of haproxy.cfg; checked before use.', {
      global: text('Behind the section global.', { maxLength: 16384 }),
      defaults: text('Behind the section defaults.', { maxLength: 16384 }),
      frontend: text('Behind the frontend.', { maxLength: 16384 }),
      backend: text('Behind each backend.', { maxLength: 16384 }),
    }),
  },
  rules(
    ['!has(self.floor) || self.floor <= self.replicas', 'floor is at most replicas: lower the floor or raise replicas'],
    ["!has(self.kind) || self.kind != 'gateway-api' || has(self.gateway)", 'kind gateway-api needs router.gateway with the Gateways'],
    ["!has(self.kind) || self.kind != 'gateway-api' || !(has(self.edge) && self.edge || has(self.token) || has(self.accessLog) || has(self.haproxy))", 'A Gateway has no edge, token, accessLog or haproxy lines of an Application: remove them, or choose kind haproxy or builtin'],
    ['!has(self.segments) || (has(self.edge) && self.edge)', 'Only at the edge does a router choose segments: set router.edge, or remove router.segments'],
    ['!has(self.segments) || self.segments.all(s, !has(s.claim)) || (has(self.token) && has(self.token.verify))', 'A segment by claim needs router.token.verify: else anybody could write a token that says so'],
  ),
);

const spec = object(
  'What the application is.',
  {
    template: podTemplate('Pod template of all tracks. ${image}, ${version}, ${track}, ${application} and ${commit} are filled in.'),
    ports: keyedList(
      'Ports of the track Services and the router Service. The router forwards the first.',
      ['name'],
      object(
        'One port.',
        {
          name: text('Name of the port.', { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 15 }),
          port: integer('Port of the Services.', { minimum: 1, maximum: 65535 }),
          targetPort: { 'x-kubernetes-int-or-string': true, description: 'Port of the container, by number or name. Default: port.' },
          protocol: text('Only TCP.', { enum: ['TCP'] }),
          appProtocol: text('What is spoken on it: kubernetes.io/h2c or grpc for HTTP/2 in clear text. Default: HTTP/1.1, WebSocket included.', { enum: ['http', 'kubernetes.io/ws', 'kubernetes.io/h2c', 'grpc'] }),
        },
        { required: ['name', 'port'] },
      ),
      { minItems: 1, maxItems: 20 },
    ),
    tracks,
    router,
    defaultSegment: text('Segment of a request without X-Traffic-Group.', { pattern: '^[A-Za-z0-9_-]+$', maxLength: 63, default: DEFAULTS.defaultSegment }),
    userId: userIdSource,
    reshuffle: text("never: a user's bucket is the same in every release.", { enum: ['never', 'perRelease'], default: DEFAULTS.reshuffle }),
    drainSeconds: integer('How long requests sent before a switch may take.', { minimum: 0, maximum: 86400, default: DEFAULTS.drainSeconds }),
    keepWarmSeconds: integer('How long the production version that left stays at full size for a rollback.', { minimum: 0, maximum: 2592000, default: DEFAULTS.keepWarmSeconds }),
    abort: object(
      'How users leave a version that is put back. Default: all at once.',
      {
        steps: list("What is left of the version's share after each step, in percent; nothing is left by itself at the end.", integer('Percent.', { minimum: 1, maximum: 99 }), {
          minItems: 1, maxItems: 20, ...rules(['self.all(p, size(self.filter(q, q == p)) == 1) && self[0] >= self[size(self) - 1]', 'What is left descends from step to step, such as [50, 20]']),
        }),
        intervalSeconds: integer('Time between two steps.', { minimum: 1, maximum: 86400 }),
        onFailure: flag('True: also where a gate, a hook or the endpoints failed.'),
      },
      { required: ['steps', 'intervalSeconds'] },
    ),
    progressDeadlineSeconds: integer('How long a track may take until all its pods are ready.', { minimum: 1, maximum: 86400, default: DEFAULTS.progressDeadlineSeconds }),
    buildHistoryLimit: integer('Builds kept for rollback.', { minimum: 1, maximum: 1000, default: DEFAULTS.buildHistoryLimit }),
    config: object("How ConfigMaps and Secrets that the template names are released: each build reads copies from when it was new.", {
      shared: list('ConfigMaps and Secrets that all builds read as they are.', text('Name.', { maxLength: 253 }), { maxItems: 100, 'x-kubernetes-list-type': 'set' }),
      onChange: text('wait: the next build takes a change along; release: a changed ConfigMap makes a build of its own.', { enum: ['wait', 'release'] }),
    }),
    freezeWindows,
    driftPolicy: text('Fields of recorded objects that somebody else sets. mend: set back; adopt: taken into the record; report: shown until the record changes the object.', { enum: ['mend', 'adopt', 'report'] }),
    hold: flag('True: nothing is released until a person resumes.'),
  },
  { required: ['template', 'ports', 'tracks'] },
);

const status = object('What is.', {
  observedGeneration,
  conditions,
  productionBuild: text('Build that the last track serves.'),
  activeRelease: text('Release in motion nearest to production.'),
  tracks: keyedList(
    'Each track as it is now.',
    ['name'],
    object(
      'One track.',
      {
        name: text('Name of the track.'),
        build: text('Build that serves.'),
        version: text('Version that serves.'),
        replicas: integer('Wanted pods of the serving version.'),
        readyReplicas: integer('Ready pods of the serving version.'),
        weightPercent: number0to100('Share that the routers give it.'),
      },
      { required: ['name'] },
    ),
  ),
});

function number0to100(description: string) {
  return integer(description, { minimum: 0, maximum: 100 });
}

export const applicationCrd = customResourceDefinition({
  kind: 'Application',
  plural: 'applications',
  singular: 'application',
  shortNames: ['app'],
  description: 'An application that is released in stages. One template makes the specs of all its tracks.',
  spec,
  status,
  columns: [
    column('Production', '.status.productionBuild', 'Build that production serves.'),
    column('Release', '.status.activeRelease', 'Release in motion.'),
    column('Ready', '.status.conditions[?(@.type=="Ready")].status', 'All tracks are at their size.'),
    column('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is or is not ready.', 'string', 1),
    age,
  ],
  validations: rules(
    ["!self.metadata.name.contains('.')", 'The name of an Application has no dots, since Services take their names from it: use dashes'],
    ['size(self.metadata.name) <= 40', 'The name of an Application has at most 40 characters, since Services take their names from it'],
  ),
});
