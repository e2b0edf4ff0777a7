import type { Application } from '../../api/application/application.ts';
import type { Delivery } from '../../api/delivery/delivery.ts';
import type { Release } from '../../api/release/release.ts';
import type { Router } from '../../api/router/router.ts';
import type { LoadProgress } from './load-process.ts';

/** Everything that one picture shows. */
export interface ViewState {
  readonly application: Application | undefined;
  readonly delivery: Delivery | undefined;
  readonly router: Router | undefined;
  readonly releases: readonly Release[];
  readonly load: LoadProgress;
  readonly elapsedMs: number;
}

type TrackState = Pick<ViewState, 'application' | 'delivery' | 'router'>;

/** The release in the terminal: a line a track, the releases in motion below, the load at the end. At most 80 columns wide. */
export function renderView(state: ViewState): string {
  const lines = [row(['TRACK', 'VERSION', 'READY', 'WANTED', 'OBSERVED', 'COMING']), ...trackRows(state).map(row)];
  lines.push('');
  for (const release of state.releases) lines.push(...releaseLines(release));
  lines.push('', `requests ${state.load.requests}   failed ${state.load.failed}   ${(state.elapsedMs / 1_000).toFixed(0)} s`);
  return lines.join('\n');
}

const WIDTHS = [12, 11, 9, 9, 10, 24];
const row = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 10)).join('').trimEnd();

/** Track, version that serves, ready pods, wanted and observed share, versions that come or go. */
export function trackRows(state: TrackState): string[][] {
  return (state.application?.spec.tracks ?? []).map((track) => trackRow(state, track.name));
}

function trackRow({ application, delivery, router }: TrackState, name: string): string[] {
  const track = application?.spec.tracks.find((t) => t.name === name);
  const held = delivery?.spec.tracks.find((t) => t.name === name);
  const version = (build: string | undefined): string => build?.slice((application?.metadata?.name?.length ?? 0) + 1) ?? '-';
  const ready = (build: string | undefined): number => router?.status?.endpoints?.find((e) => e.backend === `${name}-${version(build)}`)?.ready ?? 0;
  const wanted = held?.builds.find((b) => b.build === held.serving)?.replicas ?? track?.replicas ?? 0;
  const coming = held?.builds.filter((b) => b.build !== held.serving).map((b) => `${version(b.build)} ${ready(b.build)}/${b.replicas}`).join(', ') ?? '';
  const observed = track?.segment === undefined ? undefined : router?.status?.observed?.routes.find((r) => r.segment === track.segment);
  const share = track?.segment === undefined ? 'the rest' : `${held?.percent ?? 0} %`;
  const seen = track?.segment === undefined ? (router?.status?.observed?.production.backend === undefined ? '-' : 'the rest') : observed === undefined ? '-' : `${observed.share / 100} %`;
  return [name, version(held?.serving), `${ready(held?.serving)}/${wanted}`, share, seen, coming];
}

function releaseLines(release: Release): string[] {
  const { phase = 'Pending', track, message = '' } = release.status ?? {};
  const gates = (release.status?.tracks ?? []).flatMap((t) => (t.name === track ? (t.gates ?? []).map((g) => `${g.name} ${g.state.toLowerCase()}`) : []));
  const head = `${release.metadata?.name}: ${phase}${track === undefined ? '' : ` on ${track}`}`;
  return [head, ...(message === '' ? [] : [`  ${message}`.slice(0, 80)]), ...(gates.length === 0 ? [] : [`  gates: ${gates.join(', ')}`.slice(0, 80)])];
}
