import type { Finding, TrackHealth } from './finding.ts';
import { count, finding, type ServiceInput, type TrackInput } from './service-input.ts';

export function trackHealth({ name, version, ready, wanted, floor }: TrackInput): TrackHealth {
  return { name, ...(version === undefined ? {} : { version }), ready, wanted, floor };
}

export function trackFindings(input: ServiceInput, track: TrackInput): Finding[] {
  const { name, version, ready, wanted, most, floor, recorded, trackService } = track;
  const at = `track ${name}${version === undefined ? '' : ` (${version})`}`;
  const next = `kubectl -n ${input.namespace} get pods -l ${track.selector}`;
  const tellAfterMs = input.policy.warnAfterSeconds * 1_000;
  const say = (rule: Finding['rule'], severity: Finding['severity'], value: number, limit: number, text: string, how = next): Finding[] => [
    finding(input, rule, severity, `track/${name}`, { value, wanted: limit, text, next: how, tellAfterMs: severity === 'critical' ? 0 : tellAfterMs }),
  ];
  // On the way to its first version: the release itself is watched.
  if (recorded === false) return isFirstReleaseOnItsWay(input) ? [] : say('TrackMissing', 'critical', 0, floor, `${at} serves no version`, `aweigh release history ${input.service} -n ${input.namespace}`);
  if (trackService === undefined) return say('TrackMissing', 'critical', 0, floor, `${at} has no Service`, `kubectl -n ${input.namespace} get services -l app=${input.service}`);
  if (ready < floor) return say('TrackBelowFloor', 'critical', ready, floor, `${at} has ${count(ready, 'ready endpoint')}, its floor is ${floor}`);
  if (ready < wanted) return say('TrackUnderReplicated', 'warning', ready, wanted, `${at} has ${ready} of ${count(wanted, 'endpoint')}`);
  if (ready > most) return say('TrackOverReplicated', 'warning', ready, most, `${at} has ${count(ready, 'ready endpoint')}, wanted are ${most}`);
  return [];
}

/** No version has come as far as the last track yet. */
const isFirstReleaseOnItsWay = ({ tracks }: ServiceInput): boolean => tracks.at(-1)?.recorded === false;
