import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceOptions } from '../../controllers/source/controller.ts';
import { ImageError } from '../../engine/images/image-error.ts';
import { registryClient } from '../../providers/registry/registry-client.ts';
import type { GitEnvironment } from '../../providers/repository/git-command.ts';
import { gitRepositories } from '../../providers/source/git-repositories.ts';
import { hookReceiver, type HookReceiverOptions } from '../../providers/source/hook-receiver.ts';
import { imageBuilder } from '../../providers/source/image-builder.ts';
import { isolationHere, type Isolation } from '../../providers/source/sandbox.ts';
import type { Logger } from '../../runtime/logger.ts';
import { buildImage } from '../operations/build-image.ts';
import { takeImage } from '../operations/take-image.ts';

export type HookListener = Omit<HookReceiverOptions, 'log'>;

export interface SourceEnvironment {
  /** Where fetched commits are kept. */
  readonly directory: string;
  readonly environment: GitEnvironment;
  readonly hooks?: HookListener;
  /** The nodes' image store, where this machine has it. Absent: nothing is built here. */
  readonly imageStore?: string;
  /** Folders of which the commands of a commit see nothing, such as the data directory with the keys of the cluster. */
  readonly hidden?: readonly string[];
  readonly log: Logger;
}

/** What Sources need: on an embedded cluster images are built and fetched here, elsewhere nodes fetch them from registries. */
export function sourcesOf({ directory, environment, hooks, imageStore, log, hidden = [] }: SourceEnvironment): SourceOptions {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const registries = registryClient();
  const isolation: Isolation = imageStore === undefined ? { kind: 'none', ownNetwork: false } : isolationHere();
  if (imageStore !== undefined && isolation.kind === 'none') log.warn({ reason: 'NoNamespaces' }, 'This machine lets nobody make namespaces: commands of Sources run with all rights of the controllers');
  else if (imageStore !== undefined && !isolation.ownNetwork) log.warn({ reason: 'NoOwnNetwork' }, 'Commands of Sources reach every network, whatever spec.git.build.network says: that needs the program ip (iproute2) and the right to make network namespaces');
  return {
    repositories: gitRepositories({ directory, environment, allowFiles: imageStore !== undefined }),
    registries,
    ...(hooks && { hooks: hookReceiver({ ...hooks, log }) }),
    ...(imageStore !== undefined && {
      builder: imageBuilder({
        path: environment.path, home, hidden, isolation, isInvalid: (error) => error instanceof ImageError,
        pack: (folder, tag) => buildImage(imageStore, folder, tag),
        take: (image, tag, digest, signal) => takeImage(imageStore, registries, image, tag, digest, signal),
      }),
    }),
  };
}
