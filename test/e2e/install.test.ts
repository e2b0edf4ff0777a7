import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { INSTALL_FLAGS } from '../control-planes/installation.ts';
import { eventually, ROOT, run } from './command-line.ts';
import { helmBinary } from './kubectl-binary.ts';
import { isEmbedded } from '../control-planes/control-plane.ts';
import { APPLICATION, TestCluster, versionFolder } from './test-cluster.ts';
import { Traffic } from './traffic.ts';

let cluster: TestCluster;
/** A cluster that has Kubernetes's controllers only, as any other has. */
beforeAll(async () => {
  cluster = await TestCluster.start({ bare: true });
});
afterAll(() => cluster?.stop());

test("Aweigh's controllers, installed in a cluster with no more than their role, release a build under traffic", async () => {
  await cluster.aweigh('install', ...INSTALL_FLAGS);
  await cluster.applyExample(({ spec }) => { if (isEmbedded) spec.tracks = spec.tracks.filter((t) => t.name === 'internal' || t.name === 'production'); });
  await cluster.push('v1.17.0', versionFolder('v1.17.0'));
  expect((await cluster.releaseEnds('v1.17.0')).status?.phase).toBe('Completed');
  const traffic = await Traffic.start(cluster, 100);
  await cluster.push('v1.18.0');
  // The one that leads is replaced in the middle.
  await eventually('v1.18.0 on production', async () => ((await cluster.get<{ status?: { track?: string } }>('release', `${APPLICATION}-v1.18.0`)).status?.track === 'production' ? true : undefined));
  await cluster.kubectl('-n', 'aweigh-system', 'delete', 'pods', '-l', 'app.kubernetes.io/name=aweigh', '--wait=false');
  expect((await cluster.releaseEnds('v1.18.0')).status?.phase).toBe('Completed');
  const verdict = await traffic.verdict();
  expect(verdict, verdict.examples.join('\n')).toMatchObject({ failed: 0, misrouted: 0, cohortChanges: 0 });
  const log = await cluster.kubectl('-n', 'aweigh-system', 'logs', 'deployment/aweigh-controllers');
  expect(log.split('\n').filter((line) => /forbidden/i.test(line)), 'the role is enough').toEqual([]);
});

test('the installation is applied again without a change, and taken out without what runs for Applications', async () => {
  const before = await cluster.get<{ metadata: { generation: number } }>('-n', 'aweigh-system', 'deployment', 'aweigh-controllers');
  await cluster.aweigh('install', ...INSTALL_FLAGS);
  expect((await cluster.get<{ metadata: { generation: number } }>('-n', 'aweigh-system', 'deployment', 'aweigh-controllers')).metadata.generation).toBe(before.metadata.generation);
  await cluster.aweigh('uninstall');
  expect(await cluster.kubectl('get', 'deployments', '-o', 'name')).toContain(`${APPLICATION}-production-v1.18.0`);
  expect((await cluster.tryKubectl('-n', 'aweigh-system', 'get', 'deployment', 'aweigh-controllers')).err).toMatch(/NotFound/);
});

test('the kinds are taken out with every Application and what runs for it, also where no controllers are left to see it out', async () => {
  expect(await cluster.aweigh('uninstall', '--delete-kinds')).toContain(`Deleted Application default/${APPLICATION}`);
  await eventually('what ran for the Application to be gone', async () => ((await cluster.kubectl('get', 'deployments', '-l', `aweigh.dev/application=${APPLICATION}`, '-o', 'name')) === '' ? true : undefined));
  await eventually('the kinds to be gone', async () => ((await cluster.kubectl('get', 'customresourcedefinitions', '-o', 'name')).includes('aweigh.dev') ? undefined : true));
});

test.for(['aweigh-system', 'delivery'])('the Helm chart installs the same in the namespace %s', async (namespace) => {
  const wanted = await cluster.aweigh('install', '--dry-run', '-n', namespace, '--image', 'registry.example/aweigh:9', '--router-image', 'registry.example/haproxy:3', '--router', 'haproxy', '--record-size', '2Gi', '--storage-class', 'fast');
  const chart = await run(helmBinary(), ['template', 'aweigh', join(ROOT, 'charts/aweigh'), '--namespace', namespace, '--include-crds',
    '--set', 'image=registry.example/aweigh:9,router.image=registry.example/haproxy:3,record.size=2Gi,record.storageClass=fast']);
  expect(chart.err).toBe('');
  expect(objectsOf(chart.out)).toEqual(objectsOf(wanted, namespace));
});

/** By kind and name; without the release's namespace, which Helm makes itself. */
function objectsOf(text: string, releaseNamespace?: string): Record<string, unknown> {
  const objects = parseAllDocuments(text).map((d) => d.toJS() as { kind: string; metadata: { name: string } } | null).filter((o) => o !== null && !(o.kind === 'Namespace' && o.metadata.name === releaseNamespace));
  return Object.fromEntries(objects.map((o) => [`${o?.kind}/${o?.metadata.name}`, o]).sort(([a], [b]) => String(a).localeCompare(String(b))));
}
