import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isEmbedded } from '../control-planes/control-plane.ts';
import type { Release } from '../../src/api/release/release.ts';
import { aweigh, eventually, run } from './command-line.ts';
import { TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aweigh-bad-'));
  cluster = await TestCluster.start();
  await cluster.applyExample();
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** An Application of which each case spoils one thing. */
const application = (tracks: string): string => `apiVersion: aweigh.dev/v1alpha1
kind: Application
metadata: {name: spoiled}
spec:
  ports: [{name: http, port: 8080}]
  template: {spec: {containers: [{name: app, image: "\${image}"}]}}
  tracks: ${tracks}
`;

const expectOneMessage = ({ code, out, err }: { code: number; out: string; err: string }, message: RegExp): void => {
  expect(`${out}${err}`).toMatch(message);
  expect(code).toBeGreaterThan(0);
  // No stack trace reaches a person.
  expect(`${out}${err}`).not.toMatch(/\n\s+at .+:\d+/);
};

test.for([
  { what: 'YAML that is none', text: 'kind: [unclosed', message: /not valid YAML/ },
  { what: 'no kind', text: 'apiVersion: v1\nmetadata: {name: a}', message: /apiVersion, kind and metadata\.name/ },
  { what: 'a kind that there is not', text: 'apiVersion: v1\nkind: Podd\nmetadata: {name: a}', message: /no kind Podd/ },
  { what: 'an API group that there is not', text: 'apiVersion: nope.dev/v1\nkind: A\nmetadata: {name: a}', message: /no nope\.dev\/v1/ },
  { what: 'a share above 100', text: application('[{name: a, replicas: 2, segment: A, percent: 105}, {name: production, replicas: 2}]'), message: /105/ },
  { what: 'a share below 0', text: application('[{name: a, replicas: 2, segment: A, percent: -1}, {name: production, replicas: 2}]'), message: /-1/ },
  { what: 'production before another track', text: application('[{name: production, replicas: 2}, {name: a, replicas: 2, segment: A}]'), message: /segment/ },
  { what: 'no tracks', text: application('[]'), message: /tracks/ },
])('$what is refused with one message and nothing is made', async ({ what, text, message }) => {
  expectOneMessage(await cluster.tryAweigh('apply', file(`${what.replaceAll(' ', '-')}.yaml`, text)), message);
  expect((await cluster.tryKubectl('get', 'application', 'spoiled')).code).toBe(1);
});

test.for([
  { what: 'an unknown command', args: ['nonsense'], code: 2, message: /unknown command 'nonsense'/ },
  { what: 'a folder that is not there', args: ['image', 'build', '/nonexistent', '--tag', 'a:b'], code: 1, message: /there is no folder/ },
  { what: 'a number of pods that is none', args: ['scale', 'account-service', 'free', 'many'], code: 2, message: /whole number/ },
  { what: 'a track that there is not', args: ['scale', 'account-service', 'beta', '3'], code: 1, message: /its tracks are internal, free, paid, production/ },
  { what: 'an Application that there is not', args: ['release', 'status', 'other'], code: 1, message: /no Application other.*account-service/ },
  { what: 'a missing image', args: ['push', 'account-service', 'account-service:v9.9.9'], code: 1, message: /no image account-service:v9\.9\.9/ },
  { what: 'nothing to approve', args: ['release', 'approve', 'account-service'], code: 1, message: /No Release of account-service is in motion/ },
  { what: 'an output format that there is not', args: ['status', '-o', 'xml'], code: 2, message: /table, json and yaml/ },
])('$what: one message, exit code $code', async ({ args, code, message }) => {
  const result = await cluster.tryAweigh(...args);
  expectOneMessage(result, message);
  expect(result.code).toBe(code);
});

test.for([
  { what: 'a template that renders nothing valid', name: 'twisted', container: '{name: Not_A_Name, image: "${image}"}', reason: 'SpecRefused', says: /Deployment twisted-production-v1: .*Not_A_Name.*mend the template, then aweigh release retry/ },
  { what: 'an image that is gone', name: 'lost', container: '{name: app, image: "${image}"}', reason: 'ProgressDeadlineExceeded', says: /the image lost@sha256:1{64} cannot be had .*: bring the image back and aweigh release retry/ },
])('$what ends the release, and the condition, the Event and release status say why and what to do', async ({ name, container, reason, says }) => {
  await cluster.aweigh('apply', file(`${name}.yaml`, `apiVersion: aweigh.dev/v1alpha1
kind: Application
metadata: {name: ${name}}
spec:
  ports: [{name: http, port: 8080}]
  progressDeadlineSeconds: 16
  router: {replicas: 1}
  template: {spec: {containers: [${container}]}}
  tracks: [{name: production, replicas: 1}]
---
apiVersion: aweigh.dev/v1alpha1
kind: Build
metadata: {name: ${name}-v1}
spec: {application: ${name}, version: v1, image: "${name}@sha256:${'1'.repeat(64)}"}
`));
  const { status } = await eventually(`the release of ${name} to end`, async () => {
    const release = await cluster.get<Release>('release', `${name}-v1`).catch(() => undefined);
    return release?.status?.phase === 'Failed' ? release : undefined;
  }, 120_000);
  expect(status?.message).toMatch(says);
  expect(status?.conditions?.find((c) => c.type === 'TurnedRound')).toMatchObject({ status: 'True', reason, message: expect.stringMatching(says) as string });
  const told = await eventually('the Event', async () => {
    const { items } = await cluster.get<{ items: { reason: string; type: string; message: string; involvedObject: { name: string } }[] }>('events');
    return items.find((e) => e.reason === reason && e.involvedObject.name === `${name}-v1`);
  }, 60_000);
  expect(told).toMatchObject({ type: 'Warning', message: expect.stringMatching(says) as string });
  expect(await cluster.aweigh('release', 'status', name)).toMatch(says);
});

test('a port in use is said before anything starts', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
  expectOneMessage(await aweigh(['up', '--data', join(folder, 'port'), '--port', String(port)]), new RegExp(`Port ${port} .*in use`));
  server.close();
});

test.runIf(isEmbedded)('a data directory that another process holds is refused', async () => {
  expectOneMessage(await cluster.tryAweigh('up'), /in use by process \d+/);
});

test('a data directory of a newer version is refused', async () => {
  const root = join(folder, 'newer');
  mkdirSync(root);
  writeFileSync(join(root, 'format'), '99\n');
  expectOneMessage(await aweigh(['up', '--data', root]), /format 99/);
});

test('a corrupt tokens file is said, without its content', async () => {
  const root = join(folder, 'corrupt');
  mkdirSync(root);
  writeFileSync(join(root, 'tokens.json'), '{"admin": "very-secret"');
  const result = await aweigh(['up', '--data', root]);
  expectOneMessage(result, /tokens\.json is not readable/);
  expect(result.err).not.toContain('very-secret');
});

test('a corrupt kubeconfig is said', async () => {
  expectOneMessage(await aweigh(['status', '--kubeconfig', file('kubeconfig', '{]')]), /kubeconfig/);
});

test('Ctrl-C in the demo stops its pods and its cluster', async () => {
  const root = join(folder, 'demo');
  // The first commit: all its pods begin to start.
  const { code, err } = await aweigh(['demo', '--data', root], { interruptWhen: () => existsSync(join(root, 'record', 'applications', 'default', 'account-service')) });
  expect(err).toBe('Stopping the pods, then the cluster\n');
  expect(code).toBe(130);
  expect((await aweigh(['down', '--data', root])).out).toMatch(/Nothing runs/);
  expect((await run('ps', ['-eo', 'args'])).out).not.toContain(root);
});

test.for([
  { when: 'the first part starts', file: 'run/supervisor.json' },
  { when: 'every part runs', file: 'run/node.json' },
  { when: 'the API server answers', file: 'kubeconfig' },
])('Ctrl-C when $when leaves nothing that runs', async ({ when, file: made }) => {
  const root = join(folder, when.replaceAll(' ', '-'));
  const { code, err } = await aweigh(['up', '--data', root], { interruptWhen: () => existsSync(join(root, made)) });
  expect([0, 130], err).toContain(code);
  expect(err).not.toMatch(/\n\s+at .+:\d+/);
  expect((await aweigh(['down', '--data', root])).out).toMatch(/Nothing runs/);
});
