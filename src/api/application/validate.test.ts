import { expect, test } from 'vitest';
import type { Application, Track } from './application.ts';
import { validateApplication } from './validate.ts';

const production: Track = { name: 'production', replicas: 3 };
const application = (tracks: Track[], change: Partial<Application['spec']> = {}, name = 'account-service'): Application => ({
  metadata: { name },
  spec: { template: { spec: { containers: [{ name: 'app', image: 'a' }] } }, ports: [{ name: 'http', port: 8080 }], tracks, ...change },
});

test('a sound Application has no faults', () => {
  expect(validateApplication(application([{ name: 'free', replicas: 2, segment: 'FREE', percent: 5, gates: [{ name: 'soak', soak: { seconds: 1 } }] }, { ...production, steps: [{ percent: 5 }, { percent: 50 }], users: { include: ['ada'], exclude: ['eve'] } }]))).toEqual([]);
});

test.for<{ when: string; given: Application; says: RegExp }>([
  { when: 'dots in the name', given: application([production], {}, 'a.b'), says: /no dots.*'a-b'/ },
  { when: 'a long name', given: application([production], {}, 'a'.repeat(41)), says: /at most 40 characters/ },
  { when: 'no tracks', given: application([]), says: /at least one track/ },
  { when: 'tracks out of order', given: application([production, { name: 'free', replicas: 1, segment: 'FREE' }]), says: /no segment, not FREE/ },
  { when: 'a share above 100', given: application([{ name: 'free', replicas: 1, segment: 'FREE', percent: 105 }, production]), says: /0 to 100, not 105/ },
  { when: 'one segment twice', given: application([{ name: 'a', replicas: 1, segment: 'X' }, { name: 'b', replicas: 1, segment: 'X' }, production]), says: /same segment: X/ },
  { when: 'a floor above replicas', given: application([{ ...production, endpointFloor: 4 }]), says: /endpointFloor 4 is above its 3 replicas/ },
  { when: 'steps that fall', given: application([{ ...production, steps: [{ percent: 50 }, { percent: 25 }] }]), says: /25 cannot follow 50/ },
  { when: 'steps on an early track', given: application([{ name: 'a', replicas: 1, segment: 'X', steps: [{ percent: 5 }] }, production]), says: /only the last track can have steps/ },
  { when: 'an autoscaler that could never hold its least', given: application([{ ...production, autoscaling: { maxReplicas: 2 } }]), says: /maxReplicas 2 is below its 3 replicas/ },
  { when: 'an abort whose steps rise', given: application([production], { abort: { steps: [20, 50], intervalSeconds: 5 } }), says: /50 cannot follow 20/ },
  { when: 'a hook that runs nothing', given: application([{ ...production, hooks: { before: [{ name: 'migrate', template: {} }] } }]), says: /hook migrate has no container to run/ },
  { when: 'a test job that runs nothing', given: application([{ ...production, gates: [{ name: 'smoke', testJob: { template: {} } }] }]), says: /test job smoke has no container to run/ },
  { when: 'users listed on production', given: application([{ ...production, users: { include: ['ada'] } }]), says: /it has none: add steps; to keep users on it, list them in users.exclude of the tracks before it/ },
  { when: 'a user both in and out', given: application([{ name: 'a', replicas: 1, segment: 'X', users: { include: ['ada', 'bob'], exclude: ['bob'] } }, production]), says: /user bob is listed as always in and as always out/ },
  { when: 'a gate of two kinds', given: application([{ ...production, gates: [{ name: 'g', soak: { seconds: 1 }, approval: {} } as never] }]), says: /exactly one of/ },
  { when: 'a test job that cannot fail', given: application([{ ...production, gates: [{ name: 'g', testJob: { template: { spec: { containers: [{ name: 't', image: 'a', command: ['sh', '-c', 'curl x || true'] }] } } } }] }]), says: /always succeeds/ },
  { when: 'a router floor above its replicas', given: application([production], { router: { replicas: 1, floor: 2 } }), says: /floor 2 is above its 1 replicas/ },
])('$when: refused, with the rule, the value and the way out', ({ given, says }) => {
  expect(validateApplication(given).join('\n')).toMatch(says);
});

const byGateways = (router: object = {}, track: Partial<Track> = {}, change: Partial<Application['spec']> = {}) =>
  application([{ name: 'free', replicas: 1, segment: 'FREE', ...track }, production], { router: { kind: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }] }, ...router }, ...change });
const users = (n: number) => Array.from({ length: n }, (_, i) => `user-${i}`);

test.for<{ when: string; given: Application; says: RegExp }>([
  { when: 'no Gateway', given: byGateways({ gateway: undefined }), says: /add spec.router.gateway.parentRefs/ },
  { when: 'an edge', given: byGateways({ edge: true }), says: /cannot own X-Traffic-Group/ },
  { when: 'an access log', given: byGateways({ accessLog: {}, token: {} }), says: /no token and no accessLog/ },
  { when: 'users listed by cookie', given: byGateways({}, { users: { include: ['ada'] } }, { userId: { cookie: 'uid' } }), says: /set spec.userId.header/ },
  { when: 'many listed users', given: byGateways({}, { users: { exclude: users(101) } }), says: /room for 100 listed users, not 101/ },
  { when: 'users listed in steps', given: application([{ ...production, steps: [{ percent: 5 }], users: { exclude: ['ada'] } }], { router: { kind: 'gateway-api', gateway: { parentRefs: [{ name: 'edge' }] } } }), says: /no list for the steps of the last track: remove its users, or choose kind haproxy or builtin/ },
  { when: 'numbers of routers', given: byGateways({}, { gates: [{ name: 'errors', analysis: { durationSeconds: 1, metrics: [{ name: 'e', source: { router: 'errorRatio' } }] } }] }), says: /gate errors of track free reads numbers of routers.*Prometheus/ },
])('Gateways cannot do all that routers do, $when: refused', ({ given, says }) => {
  expect(validateApplication(given).join('\n')).toMatch(says);
});

test('what Gateways can do is no fault', () => {
  expect(validateApplication(byGateways({}, { users: { include: users(60), exclude: ['eve'] } }))).toEqual([]);
  // That they lead to routers, which can all of it.
  expect(validateApplication(byGateways({ kind: 'haproxy', edge: true }, { users: { exclude: users(101) } }))).toEqual([]);
});

const tested = (command: string[], args?: string[]) => application([{ ...production, gates: [{ name: 'g', testJob: { template: { spec: { containers: [{ name: 't', image: 'a', command, ...(args && { args }) }] } } } }] }]);

test.for<string[]>([['true'], ['/bin/true'], ['sh', '-c', 'exit 0'], ['sh', '-c', 'curl x; exit 0'], ['/bin/bash', '-ec', 'curl x || :'], ['sh', '-c', 'curl x\ntrue\n'], ['echo', 'ok'], ['sleep', '5'], ['sh', '-c', '']])('a test job that cannot fail is refused: %j', (command) => {
  expect(validateApplication(tested(command)).join()).toMatch(/always succeeds/);
});

test.for<string[]>([['node', 'smoke.ts'], ['sh', '-c', 'curl -f x'], ['sh', '-c', 'curl -f x && true'], ['sh', '-c', 'curl x || exit 1'], ['sh', '-c', 'sleep 2; curl -f x'], ['sh', 'test.sh'], []])('one that can is not: %j', (command) => {
  expect(validateApplication(tested(command))).toEqual([]);
});

test('a comparison with production has its place where there is another version in production', () => {
  const gate = { name: 'errors', analysis: { durationSeconds: 5, metrics: [{ name: 'errors', source: { router: 'errorRatio' as const }, maxRatioToProduction: 1.5 }] } };
  expect(validateApplication(application([{ ...production, steps: [{ percent: 5, gates: [gate] }] }]))).toEqual([]);
  expect(validateApplication(application([{ ...production, gates: [gate] }])).join()).toMatch(/compares with production, which is this version itself/);
});
