import type { DeliverySpec } from '../../api/delivery/delivery.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Release } from '../../api/release/release.ts';
import type { RecordCommit } from './repository.ts';

/**
 * What a person's commit asks for: the Build that production is to serve by it, where that is another than now.
 * Undefined: the commit changes no Build, so the record only writes its own state over it.
 */
export function rollbackOf(commit: RecordCommit, stated: DeliverySpec | undefined, current: DeliverySpec, namespace: string): Release | undefined {
  if (stated === undefined) return undefined;
  const build = stated.tracks.at(-1)?.serving;
  const moved = stated.tracks.some((track) => track.serving !== current.tracks.find((t) => t.name === track.name)?.serving || track.builds.length !== current.tracks.find((t) => t.name === track.name)?.builds.length);
  if (build === undefined || !moved) return undefined;
  return {
    apiVersion: API_VERSION, kind: 'Release',
    metadata: { namespace, name: `${current.application}-revert-${commit.sha.slice(0, 10)}` },
    spec: { application: current.application, build, type: 'rollback', actor: commit.author, reason: `${commit.subject} (${commit.sha.slice(0, 10)})` },
  };
}
