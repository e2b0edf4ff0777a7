import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AWEIGH, eventually, type CommandResult } from '../../e2e/command-line.ts';
import { kubectlBinary } from '../../e2e/kubectl-binary.ts';
import { NetworkNamespace } from '../../e2e/network-namespace.ts';
import { KubernetesPrograms, missingPrograms, nodeIp, podCidr, serviceCidr } from '../../control-planes/kubernetes-programs.ts';

const missing = missingPrograms();
const possible = missing.length === 0 && NetworkNamespace.isPossible(false);
if (!possible) console.warn(`The node and network under a real control plane are not tested: ${missing.length > 0 ? `${missing.join(', ')} are not built` : 'no network namespace may be made'}`);

const program = `
const http = require('node:http'), fs = require('node:fs'), https = require('node:https');
console.log('up in ' + process.env.NAME);
const account = process.env.POD_ROOT + '/var/run/secrets/kubernetes.io/serviceaccount/';
http.createServer((req, res) => {
  if (req.url !== '/api') return res.end(process.env.NAME);
  https.get({ host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT, path: '/api/v1/namespaces/default/pods', ca: fs.readFileSync(account + 'ca.crt'), headers: { authorization: 'Bearer ' + fs.readFileSync(account + 'token') } }, (answer) => {
    answer.setEncoding('utf8').on('data', (d) => res.write(d)).on('end', () => res.end());
  }).on('error', (e) => res.end(String(e)));
}).listen(8080, process.env.HOST);
`;

describe.runIf(possible)('under a real kube-apiserver, controller manager and scheduler', () => {
  let data: string;
  let network: NetworkNamespace;
  let plane: KubernetesPrograms;
  const parts: ChildProcess[] = [];

  const kubectl = async (...args: string[]): Promise<CommandResult> => network.run(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), ['--kubeconfig', plane.kubeconfig, ...args]);
  const must = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await kubectl(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}${out}`);
    return out;
  };
  const ask = async (url: string): Promise<string> => (await network.run('curl', ['-s', '--max-time', '5', url])).out;
  const apply = (name: string, ...items: object[]): Promise<string> => {
    writeFileSync(join(data, `${name}.json`), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    return must('apply', '-f', join(data, `${name}.json`));
  };
  const part = (name: string, ...flags: string[]): void => {
    const [first, ...rest] = network.words(AWEIGH[0], AWEIGH[1], name, '--data', data, '--kubeconfig', plane.kubeconfig, '--service-cidr', serviceCidr, '--node-ip', nodeIp, ...flags);
    const log = openSync(join(data, `${name}.log`), 'a');
    parts.push(spawn(first, rest, { stdio: ['ignore', log, log] }));
  };
  const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => (child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve())));

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'aweigh-real-'));
    network = await NetworkNamespace.make(false);
    plane = await KubernetesPrograms.start(network, join(data, 'plane'), join(data, 'pki'));
    mkdirSync(join(data, 'app'));
    writeFileSync(join(data, 'app', 'image.json'), '{"entrypoint":["node","server.cjs"]}');
    writeFileSync(join(data, 'app', 'server.cjs'), program);
    const built = await network.run(AWEIGH[0], [AWEIGH[1], 'image', 'build', join(data, 'app'), '--tag', 'app:v1', '--data', data]);
    expect(built.code).toBe(0);
    part('node', '--pod-cidr', podCidr, '--nodes', '2');
    part('network');
    await must('wait', '--for=condition=Ready', 'node/node-1', 'node/node-2', '--timeout=60s').catch(async () => eventually('nodes', async () => must('wait', '--for=condition=Ready', 'node/node-1', 'node/node-2', '--timeout=10s')));
  });

  afterAll(async () => {
    for (const child of parts) child.kill('SIGTERM');
    await Promise.all(parts.map(ended));
    await plane?.stop();
    network?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const labels = { app: 'web' };
  const env = [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  const container = { name: 'app', image: 'app:v1', env, ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } };

  test('a Deployment and its Service become ready and answer, by address and by name', async () => {
    await apply('web',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 2, containers: [container] } } } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } });
    await must('rollout', 'status', 'deployment/web', '--timeout=90s');
    const ip = await must('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    const names = (await must('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    await eventually('answers of all three', async () => (new Set(await Promise.all(Array.from({ length: 12 }, () => ask(`http://${ip}/`)))).size === 3 ? true : undefined), 30_000);
    expect(names).toContain(await ask(`http://${ip}/`));
    expect(await must('exec', names[0]!, '--', 'curl', '-s', 'http://web.default.svc.cluster.local/')).toMatch(/^web-/);
  });

  test('logs, exec and port-forward work through the real API server, which verifies the node by its certificate', async () => {
    const name = (await must('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}'));
    expect(await must('logs', name)).toBe(`up in ${name}\n`);
    expect(await kubectl('exec', name, '--', 'sh', '-c', 'echo "$NAME"; echo oops >&2; exit 3')).toMatchObject({ code: 3, out: `${name}\n`, err: expect.stringContaining('oops') });
    const input = 'x'.repeat(1_000_000);
    const [first, ...rest] = network.words(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), '--kubeconfig', plane.kubeconfig, 'exec', '-i', name, '--', 'wc', '-c');
    const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(input);
    let counted = '';
    for await (const chunk of child.stdout) counted += String(chunk);
    expect(counted.trim()).toBe(String(input.length));

    const [forward, ...words] = network.words(kubectlBinary(join(tmpdir(), 'aweigh-e2e-cache')), '--kubeconfig', plane.kubeconfig, 'port-forward', `pod/${name}`, '18080:8080');
    const forwarding = spawn(forward, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await eventually('the forwarded port', async () => ((await ask('http://127.0.0.1:18080/')) === name ? true : undefined), 30_000);
    } finally {
      forwarding.kill();
    }
  });

  test('a pod reaches the API by the kubernetes Service, with its own token and the cluster\'s authority', async () => {
    const ip = await must('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    expect(await ask(`http://${ip}/api`)).toMatch(/pods is forbidden: User \\"system:serviceaccount:default:default\\"/);
    await must('create', 'clusterrolebinding', 'reads', '--clusterrole=view', '--serviceaccount=default:default');
    await eventually('an answer with pods', async () => ((await ask(`http://${ip}/api`)).includes('"kind":"PodList"') ? true : undefined), 30_000);
  });

  test('an update rolls, a Job ends, and pods that are deleted are gone with their processes', async () => {
    await must('set', 'env', 'deployment/web', 'ROUND=2');
    await must('rollout', 'status', 'deployment/web', '--timeout=90s');
    await apply('job', { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:v1', command: ['sh', '-c', 'echo done'] }] } } } });
    await must('wait', '--for=condition=Complete', 'job/once', '--timeout=60s');
    expect(await must('logs', 'job/once')).toBe('done\n');
    await must('delete', 'deployment/web', 'job/once', '--cascade=foreground', '--timeout=60s');
    await eventually('no pod', async () => ((await must('get', 'pods', '-o', 'name')) === '' ? true : undefined), 60_000);
    expect(readFileSync(join(data, 'node.log'), 'utf8')).not.toMatch(/"level":(50|60)/);
  });
});
