import { isDeepStrictEqual } from 'node:util';
import type { ApplicationSpec } from '../../api/application/application.ts';
import type { DeliverySpec } from '../../api/delivery/delivery.ts';
import { API_VERSION } from '../../api/group.ts';
import type { Release } from '../../api/release/release.ts';
import { APPLICATION_FILE, DELIVERY_FILE, readDelivery, readYaml } from './files.ts';
import type { RecordCommit } from './repository.ts';

type Files = ReadonlyMap<string, string>;

/** What a person's commits ask for, beyond what Aweigh wrote last. */
export interface Wish {
  /** A Build that production is to go back to. */
  readonly rollback?: Release;
  /** A changed Application. */
  readonly application?: ApplicationSpec;
}

/**
 * @param before the folder as Aweigh wrote it last; @param now as people left it
 * What they did to generated specs is no wish: those follow from the Application's template and are written again.
 */
export function wishOf(commit: RecordCommit, before: Files, now: Files, current: DeliverySpec, namespace: string): Wish {
  const rollback = before.get(DELIVERY_FILE) === now.get(DELIVERY_FILE) ? undefined : rollbackOf(commit, readDelivery(before) ?? current, readDelivery(now), current, namespace);
  const application = applicationOf(before, now);
  return { ...(rollback && { rollback }), ...(application && { application }) };
}

function rollbackOf(commit: RecordCommit, before: DeliverySpec, stated: DeliverySpec | undefined, current: DeliverySpec, namespace: string): Release | undefined {
  if (stated === undefined) return undefined;
  const build = stated.tracks.at(-1)?.serving;
  const moved = stated.tracks.some((track) => {
    const was = before.tracks.find((t) => t.name === track.name);
    return track.serving !== was?.serving || track.builds.length !== was?.builds.length;
  });
  if (build === undefined || !moved) return undefined;
  return {
    apiVersion: API_VERSION, kind: 'Release',
    metadata: { namespace, name: `${current.application}-revert-${commit.sha.slice(0, 10)}` },
    spec: { application: current.application, build, type: 'rollback', actor: commit.author, reason: `${commit.subject} (${commit.sha.slice(0, 10)})` },
  };
}

function applicationOf(before: Files, now: Files): ApplicationSpec | undefined {
  if (before.get(APPLICATION_FILE) === now.get(APPLICATION_FILE)) return undefined;
  const spec = (readYaml(now.get(APPLICATION_FILE)) as { spec?: ApplicationSpec } | undefined)?.spec;
  const was = (readYaml(before.get(APPLICATION_FILE)) as { spec?: ApplicationSpec } | undefined)?.spec;
  return spec === undefined || isDeepStrictEqual(spec, was) ? undefined : spec;
}
