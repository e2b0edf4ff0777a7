import type { DeliveryChange } from '../../api/delivery/delivery.ts';
import { isRetreat } from '../../api/release/retreat.ts';
import { BUILDS, RELEASES } from './files.ts';
import type { Observed } from './observe.ts';
import { lastStep } from './story.ts';

export interface CommitReason {
  readonly change: DeliveryChange;
  /** git trailers: `Release`, `Track`, `Build`, `Phase`, who asked for the release and what for (`Requested-By`, `Because`), `Actor`, `Reason`. */
  readonly trailers: ReadonlyMap<string, string>;
}

/** Why the record changes now, as the commit says it: the Delivery's own reason, else the release that has moved, the Build that came, or the Application. */
export function commitReason({ application, builds, releases, delivery }: Observed, changed: readonly string[], told?: DeliveryChange): CommitReason {
  const pending = delivery !== undefined && delivery.status?.observedGeneration !== delivery.metadata?.generation ? delivery.spec.change : undefined;
  return describe(pending ?? told ?? movedRelease(releases, changed) ?? newBuild(builds, changed) ?? { actor: 'aweigh', reason: 'ApplicationChanged', message: `specs follow the changed Application (generation ${application.metadata?.generation ?? 0})` }, releases, builds);
}

function describe(change: DeliveryChange, releases: Observed['releases'], builds: Observed['builds']): CommitReason {
  const release = releases.find((r) => r.metadata?.name === change.release);
  const trailers = new Map<string, string>();
  const set = (name: string, value: string | undefined): void => { if (value !== undefined && value !== '') trailers.set(name, value); };
  set('Release', change.release);
  set('Track', change.track);
  set('Build', release?.spec.build);
  // The status of one that a person aborts is written beside the Delivery, and may come later.
  set('Phase', release?.spec.abort !== undefined && isRetreat(release) ? 'Aborting' : release?.status?.phase);
  set('Requested-By', release?.spec.actor);
  set('Because', (release?.spec.reason ?? (release && builds.get(release.spec.build)?.spec.message))?.split('\n')[0]);
  set('Actor', change.actor);
  set('Reason', change.reason);
  return { change, trailers };
}

function movedRelease(releases: Observed['releases'], changed: readonly string[]): DeliveryChange | undefined {
  const moved = releases.filter((r) => changed.includes(`${RELEASES}${r.metadata?.name}.yaml`)).map((release) => ({ release, step: lastStep(release) })).toSorted((a, b) => a.step.at.localeCompare(b.step.at)).at(-1);
  if (moved === undefined) return undefined;
  const { release, step } = moved;
  return { release: release.metadata?.name ?? '', ...(step.track !== undefined && { track: step.track }), actor: step.actor, reason: step.reason, message: step.message };
}

function newBuild(builds: Observed['builds'], changed: readonly string[]): DeliveryChange | undefined {
  const build = [...builds.values()].find((b) => changed.includes(`${BUILDS}${b.metadata?.name}.yaml`));
  return build && { actor: build.spec.author ?? 'aweigh', reason: 'BuildPushed', message: `${build.metadata?.name} was pushed${build.spec.message === undefined ? '' : `: ${build.spec.message.split('\n')[0]}`}` };
}
