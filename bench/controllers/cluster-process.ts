/** The cluster beside the measured controllers: Kubernetes's controllers, scheduler and nodes on which nothing runs. Forked; the first message is the connection. */
import type { Connection } from '../../src/client/connection.ts';
import { createClient } from '../../src/client/https-client.ts';
import { createEngineControllers } from '../../src/engine/controllers/index.ts';
import { schedulerController } from '../../src/engine/scheduler/scheduler.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { runControllers } from '../../src/runtime/run-controllers.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { keepNodes, simulatedKubelet } from '../../test/compatibility/controllers/simulated-nodes.ts';

const PODS_A_NODE = '20000';

process.once('message', (connection: Connection) => void run(connection));

async function run(connection: Connection): Promise<void> {
  const client = createClient(connection);
  const ending = new AbortController();
  process.once('disconnect', () => ending.abort());
  await keepNodes(client, ending.signal, { cpu: '4000', memory: '8000Gi', pods: PODS_A_NODE });
  process.send?.('ready');
  await runControllers({ factories: [...createEngineControllers(), schedulerController, simulatedKubelet], client, clock: systemClock, random: systemRandom, log: silentLogger, signal: ending.signal });
  client.close();
}
