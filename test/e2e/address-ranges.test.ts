import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AWEIGH, eventually, type CommandResult } from './command-line.ts';
import { kubectlBinary } from './kubectl-binary.ts';
import { NetworkNamespace } from './network-namespace.ts';

const asRoot = process.getuid?.() === 0;
let data: string;
let network: NetworkNamespace;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'aweigh-ranges-'));
});
afterEach(async () => {
  await aweigh('down', '--data', data);
  network.stop();
  rmSync(data, { recursive: true, force: true });
});

const aweigh = (...args: string[]): Promise<CommandResult> => network.run(AWEIGH[0], [AWEIGH[1], ...args]);

async function must(result: Promise<CommandResult>): Promise<string> {
  const { code, out, err } = await result;
  if (code !== 0) throw new Error(`Exit code ${code}: ${err}${out}`);
  return out;
}

const kubectl = (...args: string[]): Promise<string> => must(network.run(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), ['--kubeconfig', join(data, 'kubeconfig'), ...args]));
const fetched = (url: string): Promise<string> => must(network.run(AWEIGH[0], ['-e', `fetch(${JSON.stringify(url)}).then(async (a) => console.log(await a.text()))`])).then((t) => t.trim());

/** Two pods of a program that listens on `listen`:8080 and tells its name, and their Service on port 80. */
async function deploy(listen: string): Promise<{ readonly pods: readonly string[]; readonly podIps: readonly string[]; readonly clusterIp: string }> {
  mkdirSync(join(data, 'app'));
  writeFileSync(join(data, 'app', 'image.json'), '{"entrypoint":["node","server.cjs"]}');
  writeFileSync(join(data, 'app', 'server.cjs'), `require('node:http').createServer((q, r) => r.end(process.env.HOSTNAME)).listen(8080, ${listen})`);
  await must(aweigh('image', 'build', join(data, 'app'), '--tag', 'app:v1', '--data', data));
  const labels = { app: 'web' };
  const container = { name: 'app', image: 'app:v1', ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } };
  const manifest = {
    apiVersion: 'v1', kind: 'List', items: [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } } } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } },
    ],
  };
  writeFileSync(join(data, 'web.json'), JSON.stringify(manifest));
  await kubectl('apply', '-f', join(data, 'web.json'));
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  const pods = JSON.parse(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')) as { items: { metadata: { name: string }; status: { podIP: string } }[] };
  return { pods: pods.items.map((p) => p.metadata.name), podIps: pods.items.map((p) => p.status.podIP), clusterIp: await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}') };
}

test.runIf(NetworkNamespace.isPossible(true))('in a user and network namespace pods and Services have ordinary addresses, and names without a port of their own', async () => {
  network = await NetworkNamespace.make(true);
  await must(aweigh('up', '--detach', '--data', data, '--pod-cidr', '10.61.0.0/16', '--service-cidr', '10.62.0.0/16'));
  const { pods, podIps, clusterIp } = await deploy('process.env.HOST');
  expect(podIps.every((ip) => ip.startsWith('10.61.'))).toBe(true);
  expect(clusterIp).toMatch(/^10\.62\./);
  expect(pods).toContain(await fetched(`http://${clusterIp}/`));
  expect(pods).toContain(await kubectl('exec', pods[0]!, '--', 'node', '-e', "fetch('http://web/').then(async (a) => process.stdout.write(await a.text()))"));
  await must(aweigh('down', '--data', data));
  expect(await must(network.run('ip', ['route', 'show', 'table', 'local']))).not.toContain('10.6');
  const changed = await aweigh('up', '--detach', '--data', data, '--service-cidr', '10.63.0.0/16');
  expect(changed).toMatchObject({ code: 1, err: expect.stringMatching(/was started with services 10\.62\.0\.0\/16.*another directory/s) });
});

test.runIf(asRoot)('with networks of their own two pods listen on the same port of all addresses, are reached by address, Service and name, and leave nothing behind', async () => {
  network = await NetworkNamespace.make(false);
  await must(aweigh('up', '--detach', '--data', data, '--pod-network', 'netns'));
  const { pods, podIps, clusterIp } = await deploy("'0.0.0.0'");
  for (const [i, ip] of podIps.entries()) expect(await fetched(`http://${ip}:8080/`)).toBe(pods[i]);
  expect(pods).toContain(await fetched(`http://${clusterIp}/`));
  const ask = (url: string): Promise<string> => kubectl('exec', pods[0]!, '--', 'node', '-e', `fetch('${url}').then(async (a) => process.stdout.write(await a.text()))`);
  expect(await ask(`http://${podIps[1]}:8080/`)).toBe(pods[1]);
  expect(pods).toContain(await ask('http://web.default.svc.cluster.local/'));
  // A node process that dies takes nothing with it, and the next one takes over.
  process.kill((JSON.parse(await must(network.run('cat', [join(data, 'run', 'node.json')]))) as { pid: number }).pid, 'SIGKILL');
  expect(pods).toContain(await fetched(`http://${clusterIp}/`));
  await kubectl('delete', 'pod', pods[0]!);
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  await eventually('an answer of both', async () => {
    const list = JSON.parse(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')) as { items: { status: { podIP?: string } }[] };
    return list.items.length === 2 && (await Promise.all(list.items.map((p) => fetched(`http://${p.status.podIP}:8080/`)))).length === 2 ? true : undefined;
  });
  await must(aweigh('down', '--data', data));
  expect(await must(network.run('ip', ['-o', 'link']))).toMatch(/^1: lo:[^\n]*\n$/);
});
