import { join } from 'node:path';
import { customResourceDefinitions } from '../../api/crds.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/https-client.ts';
import { CustomResourceDefinitions } from '../../client/kinds.ts';
import type { PodRouterProvider } from '../../api/router/router.ts';
import { createEngineControllers } from '../../engine/controllers/index.ts';
import { schedulerController } from '../../engine/scheduler/scheduler.ts';
import type { GitEnvironment } from '../../providers/repository/git-command.ts';
import { openRepository } from '../../providers/repository/git.ts';
import { EMBEDDED_ROUTER_IMAGES } from '../../providers/traffic/router-pods.ts';
import { runControllers } from '../../runtime/run-controllers.ts';
import { packEmptyImage } from '../operations/build-image.ts';
import { aweighControllers } from './aweigh-controllers.ts';
import type { ControllerChoice } from './controller-choice.ts';
import { startDataApiServer, type ApiServerOptions } from './api-server.ts';
import type { DataDirectory } from './data-directory.ts';
import { makeDefaultStorageClass } from './default-storage-class.ts';
import { Faults } from './faults.ts';
import { sourcesOf, type HookListener } from './source-options.ts';

export interface ControlPlaneOptions extends ApiServerOptions {
  /** `kubernetes`: Aweigh's own run elsewhere, such as in a pod. */
  readonly controllers: ControllerChoice;
  /** Which router `kind: auto` means. */
  readonly defaultProvider: PodRouterProvider;
  readonly gitEnvironment: GitEnvironment;
  /** Where webhooks of Sources are heard. Absent: Sources are polled alone. */
  readonly hooks?: HookListener;
  /** Pods run nothing. */
  readonly simulated?: boolean;
  /** See {@link Faults}; only tests name one. */
  readonly faultsDirectory?: string;
  readonly signal: AbortSignal;
}

/** API server and every controller in one process. Resolves when the signal has aborted and all has ended. */
export async function runControlPlane(options: ControlPlaneOptions): Promise<void> {
  const { data, clock, random, log, signal } = options;
  const server = await startDataApiServer(options);
  const faults = new Faults(options.faultsDirectory, 'control-plane');
  const plainClient = createClient({ server: server.url, caPem: server.caPem, token: data.tokens.controlPlane });
  const client = faults.client(plainClient);
  const repository = await openRepository(data.record, { log, clock, environment: options.gitEnvironment });
  const sources = sourcesOf({ directory: join(data.root, 'sources'), environment: options.gitEnvironment, log, ...(options.hooks && { hooks: options.hooks }), imageStore: data.images, hidden: [data.root] });
  try {
    await packRouterImages(data);
    await applyDefinitions(plainClient);
    await makeDefaultStorageClass(plainClient);
    await runControllers({ factories: [...createEngineControllers({ rootCaPem: server.caPem, signer: server.authority }), schedulerController, ...(options.controllers === 'all' ? aweighControllers({ ...options, repository, faults, sources, path: options.gitEnvironment.path }) : [])], client, clock, random, log, signal });
  } finally {
    await repository.close();
    client.close();
    await server.close();
  }
}

/** Routers run what is on the node's PATH, so their images hold nothing but how to start. */
async function packRouterImages({ images }: DataDirectory): Promise<void> {
  for (const tag of Object.values(EMBEDDED_ROUTER_IMAGES)) await packEmptyImage(images, tag);
}

async function applyDefinitions(client: Client): Promise<void> {
  for (const definition of customResourceDefinitions) await client.apply(CustomResourceDefinitions, definition, { fieldManager: 'aweigh', force: true });
}

