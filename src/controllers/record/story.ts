import { hasEnded, type Release, type ReleaseStatus, type ReleaseTrackStatus } from '../../api/release/release.ts';

/** What the record keeps of a release's status: enough to go on from after all else is lost. What is measured anew at any time is left out. */
export function storyOf(release: Release): ReleaseStatus {
  const { phase, track, reason, message, startedAt, completedAt, tracks } = release.status ?? {};
  const ended = hasEnded(release);
  return {
    ...(phase !== undefined && { phase }),
    ...(track !== undefined && { track }),
    ...(ended && reason !== undefined && { reason }),
    ...(ended && message !== undefined && { message }),
    ...(startedAt !== undefined && { startedAt }),
    ...(completedAt !== undefined && { completedAt }),
    ...(tracks !== undefined && { tracks: tracks.map(trackStory) }),
  };
}

function trackStory({ observedPercent: _, degradedAt: __, gates, ...rest }: ReleaseTrackStatus): ReleaseTrackStatus {
  const done = (gates ?? []).filter((g) => g.state === 'Passed' || g.state === 'Failed' || g.state === 'Skipped');
  return { ...rest, ...(done.length > 0 && { gates: done.map(({ values: _, ...gate }) => gate) }) };
}

/** The last step that a release tells of. */
export function lastStep(release: Release): { readonly at: string; readonly track?: string; readonly actor: string; readonly reason: string; readonly message: string } {
  const last = release.status?.history?.at(-1);
  return last ?? { at: release.metadata?.creationTimestamp ?? '', actor: release.spec.actor ?? 'aweigh', reason: 'ReleaseChanged', message: release.spec.reason ?? `${release.metadata?.name} is on record` };
}
