import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder } from '../../../bench/apiserver/servers.ts';
import type { Connection } from '../../../src/client/connection.ts';
import { createClient } from '../../../src/client/https-client.ts';
import { createEngineControllers } from '../../../src/engine/controllers/index.ts';
import { schedulerController } from '../../../src/engine/scheduler/scheduler.ts';
import type { ControllerFactory } from '../../../src/runtime/controller.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { runControllers } from '../../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../../src/runtime/system-clock.ts';
import { keepNodes, simulatedKubelet } from './simulated-nodes.ts';

export interface Running {
  stop(): Promise<void>;
}

async function run(connection: Connection, factories: readonly ControllerFactory[], nodes: Connection): Promise<Running> {
  const client = createClient(connection);
  const kubelet = createClient(nodes);
  const ending = new AbortController();
  await keepNodes(kubelet, ending.signal);
  const common = { clock: systemClock, random: systemRandom, log: silentLogger, signal: ending.signal };
  const running = Promise.all([runControllers({ ...common, factories, client }), runControllers({ ...common, factories: [simulatedKubelet], client: kubelet })]);
  return {
    async stop() {
      ending.abort();
      await running;
      client.close();
      kubelet.close();
    },
  };
}

/** Aweigh's controllers and scheduler, with simulated nodes. @param nodes who the nodes are; default: the same as the controllers */
export const runOurs = (connection: Connection, nodes = connection): Promise<Running> => run(connection, [...createEngineControllers(), schedulerController], nodes);

/** Kubernetes's own controller manager and scheduler, with simulated nodes. */
export async function runKubernetes(connection: Connection, directory: string): Promise<Running> {
  const kubeconfig = join(directory, 'kubeconfig');
  const key = join(directory, 'controllers.key');
  const ca = join(directory, 'controllers-ca.crt');
  const trust = connection.caPem === undefined ? { 'insecure-skip-tls-verify': true } : { 'certificate-authority-data': Buffer.from(connection.caPem).toString('base64') };
  const config = { apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'c', cluster: { server: connection.server, ...trust } }], users: [{ name: 'u', user: { token: connection.token } }], contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }], 'current-context': 'x' };
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  writeFileSync(key, generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } }).privateKey, { mode: 0o600 });
  if (connection.caPem !== undefined) writeFileSync(ca, connection.caPem);
  const common = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1', '--secure-port=0'];
  const trusted = connection.caPem === undefined ? [] : [`--root-ca-file=${ca}`];
  const children = [
    start(join(peersFolder(), 'kube-controller-manager'), [...common, `--service-account-private-key-file=${key}`, '--use-service-account-credentials=false', ...trusted], join(directory, 'kube-controller-manager.log')),
    start(join(peersFolder(), 'kube-scheduler'), common, join(directory, 'kube-scheduler.log')),
  ];
  const nodes = await run(connection, [], connection);
  return {
    async stop() {
      for (const child of children) child.kill('SIGTERM');
      await nodes.stop();
    },
  };
}

function start(program: string, args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, 'a');
  return spawn(program, args, { stdio: ['ignore', output, output] });
}
