import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Application } from '../../src/api/application/application.ts';
import { eventually } from './command-line.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';

const mode = { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } };
const secret = { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.kubectl('create', 'configmap', 'settings', '--from-literal=mode=calm');
  await cluster.kubectl('create', 'secret', 'generic', 'db', '--from-literal=password=correct-horse');
  await cluster.applyExample(({ spec }) => {
    spec.tracks = spec.tracks.filter((t) => t.name === 'internal' || t.name === 'production').map(({ gates: _, ...track }) => track);
    spec.drainSeconds = 1;
    spec.template.spec?.containers.forEach((c) => (c.env = [...(c.env ?? []), mode, secret]));
    const [internal] = spec.tracks;
    if (internal !== undefined) internal.hooks = { before: [{ name: 'migrate', template: { spec: { containers: [{ name: 'migrate', image: '${image}', command: ['sh', '-c', 'echo "${version} migrates, mode $MODE"'], env: [mode] }] } } }] };
  });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
});
afterAll(() => cluster?.stop());

const servedBy = async (track: string): Promise<string | undefined> => (await cluster.get<Application>('application', APPLICATION)).status?.tracks?.find((t) => t.name === track)?.version;
async function modesOf(track: string, version: string): Promise<string[]> {
  const pods = (await cluster.kubectl('get', 'pods', '-l', `aweigh.dev/application=${APPLICATION},track=${track},version=${version}`, '-o', 'name')).trim().split('\n');
  return Promise.all(pods.map(async (pod) => (await cluster.kubectl('exec', pod, '--', 'sh', '-c', 'echo $MODE $PASSWORD')).trim()));
}

test('configuration is released by a push of its own, read by the hook too, and goes back with the Build', async () => {
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
  expect(await cluster.aweigh('release', 'logs', APPLICATION)).toMatch(/v1\.17\.0 migrates, mode calm/);
  expect(new Set(await modesOf('production', 'v1.17.0'))).toEqual(new Set(['calm correct-horse']));

  await cluster.kubectl('patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"mode":"busy"}}');
  await cluster.aweigh('push', APPLICATION, '--config');
  expect((await cluster.releaseEnds('v1.17.0-c1')).status?.phase).toBe('Completed');
  expect(new Set(await modesOf('production', 'v1.17.0-c1'))).toEqual(new Set(['busy correct-horse']));
  expect(await cluster.aweigh('release', 'logs', APPLICATION, '--release', 'v1.17.0-c1')).toMatch(/v1\.17\.0-c1 migrates, mode busy/);

  await cluster.aweigh('release', 'rollback', APPLICATION, '--to', 'v1.17.0');
  await eventually('production to serve v1.17.0', async () => ((await servedBy('production')) === 'v1.17.0' ? true : undefined), 120_000);
  await eventually('pods that read what v1.17.0 was made with', async () => ((await modesOf('production', 'v1.17.0')).every((m) => m === 'calm correct-horse') ? true : undefined), 60_000);
  const record = await cluster.plane.record();
  expect((await cluster.tryAweigh('record', 'log')).out).not.toContain('correct-horse');
  expect(execFileSync('git', ['-C', record, 'log', '-p', '--all'], { encoding: 'utf8', maxBuffer: 1e9 })).not.toMatch(/correct-horse|Y29ycmVjdC1ob3JzZQ/);
});
