import type { Release } from '../../api/release/release.ts';
import { age } from '../output/age.ts';
import { table } from '../output/table.ts';

const HISTORY_SHOWN = 12;

/** One Release for people: where it is, each track, its gates, the last steps. */
export function releaseText(release: Release, now: number): string {
  const { spec, status } = release;
  const head = [
    `Release  ${release.metadata?.name} (${spec.type ?? 'promotion'} of ${spec.build}, by ${spec.actor ?? 'aweigh'})`,
    `Phase    ${status?.phase ?? 'Pending'}${status?.track === undefined ? '' : ` on ${status.track}`}${spec.paused === true ? ', paused' : ''}`,
    ...(status?.message === undefined ? [] : [`Message  ${status.message}`]),
  ];
  const tracks = (status?.tracks ?? []).map((t) => [
    t.name, t.phase, t.previousBuild ?? '-', t.wantedPercent === undefined ? '-' : `${t.wantedPercent} %`, t.observedPercent === undefined ? '-' : `${t.observedPercent} %`,
    [...(t.hooks ?? []).map((h) => `hook ${h.name} ${h.state.toLowerCase()}`), ...(t.gates ?? []).map((g) => `${g.name} ${g.state.toLowerCase()}`)].join(', '),
  ]);
  const steps = (status?.history ?? []).slice(-HISTORY_SHOWN).map((h) => [age(h.at, now), h.track ?? '-', h.actor, h.reason, h.message]);
  return [
    head.join('\n'),
    ...(tracks.length === 0 ? [] : [table(['TRACK', 'PHASE', 'BEFORE', 'WANTED', 'OBSERVED', 'HOOKS AND GATES'], tracks)]),
    ...(steps.length === 0 ? [] : [table(['AGE', 'TRACK', 'BY', 'REASON', 'MESSAGE'], steps)]),
  ].join('\n\n');
}
