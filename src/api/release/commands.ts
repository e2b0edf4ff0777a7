import { API_VERSION, LABELS } from '../group.ts';
import { releaseName } from '../names.ts';
import type { Release, ReleaseSpec } from './release.ts';

/**
 * What a person asks of a release, as merge patches of its spec and as new Releases. Lists are given whole, since a merge patch replaces
 * them: `resourceVersion` in the patch makes the API refuse it where somebody else was faster.
 */
export interface ReleasePatch {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec: Partial<ReleaseSpec>;
}

export function pause(release: Release): ReleasePatch {
  return patch(release, { paused: true });
}

export function resume(release: Release): ReleasePatch {
  return patch(release, { paused: false });
}

/** @param atOnce all users leave at once, whatever steps the Application has for them */
export function abort(release: Release, actor: string, reason: string, atOnce = false): ReleasePatch {
  return patch(release, { abort: { actor, reason, ...(atOnce && { atOnce }) } });
}

/** @param gate name of the gate, or `*` for every approval of the track
 *  @param at RFC 3339 */
export function approve(release: Release, approval: { track: string; gate: string; actor: string; at: string; message?: string }): ReleasePatch {
  const others = (release.spec.approvals ?? []).filter((a) => a.track !== approval.track || a.gate !== approval.gate);
  return patch(release, { approvals: [...others, approval] });
}

/** Skips the remaining gates of a track, or of all with `*`; with `hook` that failed hook alone. */
export function promote(release: Release, skip: { track: string; hook?: string; actor: string; reason?: string }): ReleasePatch {
  return patch(release, { paused: false, promote: [...(release.spec.promote ?? []).filter((p) => p.track !== skip.track || p.hook !== skip.hook), skip] });
}

export interface Request {
  readonly namespace: string;
  readonly application: string;
  /** Name of the Build. */
  readonly build: string;
  readonly actor: string;
  readonly reason?: string;
  /** Releases that are there, so that the new one's name is free. */
  readonly existing: readonly Release[];
}

/** Back to a kept Build, on every track that holds a later one. */
export function rollback(request: Request): Release {
  return newRelease(request, 'rollback');
}

/** A Build that skips the gates. */
export function hotfix(request: Request & { readonly reason: string }): Release {
  return newRelease(request, 'hotfix');
}

/** A Build once more, after its release failed or was aborted. */
export function retry(request: Request): Release {
  return newRelease(request, 'promotion');
}

/** Approvals that the release waits for now. */
export function pendingApprovals(release: Release): { track: string; gate: string; message?: string }[] {
  return (release.status?.tracks ?? []).flatMap((track) =>
    (track.gates ?? [])
      .filter((gate) => gate.kind === 'approval' && gate.state === 'Waiting')
      .map((gate) => ({ track: track.name, gate: gate.name.replace(/^\d+-percent-/, ''), ...(gate.message && { message: gate.message }) })),
  );
}

function patch(release: Release, spec: Partial<ReleaseSpec>): ReleasePatch {
  const { resourceVersion } = release.metadata ?? {};
  return { metadata: { ...(resourceVersion && { resourceVersion }) }, spec };
}

function newRelease({ namespace, application, build, actor, reason, existing }: Request, type: 'promotion' | 'rollback' | 'hotfix'): Release {
  const taken = new Set(existing.map((r) => r.metadata?.name));
  let attempt = 1;
  while (taken.has(releaseName(build, type, attempt))) attempt++;
  return {
    apiVersion: API_VERSION,
    kind: 'Release',
    metadata: { name: releaseName(build, type, attempt), namespace, labels: { [LABELS.application]: application } },
    spec: { application, build, type, actor, ...(reason && { reason }) },
  };
}
