import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../../src/client/client.ts';
import { createClient } from '../../../src/client/https-client.ts';
import { Nodes } from '../../../src/client/kinds.ts';
import { startApiServer } from '../../../src/engine/apiserver/start.ts';
import { createEngineControllers } from '../../../src/engine/controllers/index.ts';
import { nodeLifecycleController } from '../../../src/engine/controllers/node-lifecycle/controller.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { runControllers } from '../../../src/runtime/run-controllers.ts';
import { systemClock as clock, systemRandom as random } from '../../../src/runtime/system-clock.ts';
import type { Target } from './target.ts';

/** The API server and the engine's controllers, with two registered nodes and no node process: for tests that need no running pod. */
export async function startWithRegisteredNodes(folder: string): Promise<Target> {
  const token = 'conformance';
  const server = await startApiServer({ dataDir: join(folder, 'data'), log: silentLogger, clock, random, serviceCidr: '10.96.0.0/16', staticTokens: [{ token, user: 'admin', groups: ['system:masters'] }] });
  const client = createClient({ server: server.url, caPem: server.caPem, token });
  for (const name of ['node-a', 'node-b']) await register(client, name);
  // No node process reports, so nothing may judge the nodes by their silence.
  const factories = createEngineControllers({ rootCaPem: server.caPem }).filter((factory) => factory !== nodeLifecycleController);
  const stop = new AbortController();
  const controllers = runControllers({ factories, client, clock, random, log: silentLogger, signal: stop.signal });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.caPem).toString('base64') } }], users: [{ name: 'u', user: { token } }],
  }));
  return {
    kubeconfig,
    words: (program, ...args) => [program, ...args],
    async stop() {
      stop.abort();
      await controllers;
      client.close();
      await server.close();
    },
  };
}

async function register(to: Client, name: string): Promise<void> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const made = await to.create(Nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } } });
  const quantities = { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '20Gi' };
  await to.updateStatus(Nodes, { ...made, status: {
    capacity: quantities, allocatable: quantities, addresses: [{ type: 'InternalIP', address: name === 'node-a' ? '10.0.0.1' : '10.0.0.2' }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'registered', lastHeartbeatTime: now, lastTransitionTime: now }],
  } });
  // A new node is tainted until it is judged ready; nobody judges here.
  await to.patch(Nodes, { name }, { spec: { taints: null } });
}
