import type { Application, Gate, Track } from './application.ts';
import { gatewayFaults } from './validate-gateway.ts';

const MAX_NAME = 40;
const MAX_STEPS = 10;

/** What is wrong with an Application, each fault with its rule, value and way out; empty where nothing is. The CRD refuses the same. */
export function validateApplication(application: Application): string[] {
  const name = application.metadata?.name ?? '';
  const { tracks = [], ports = [], router } = application.spec;
  const faults: string[] = [];
  if (name.includes('.')) faults.push(`The name of an Application has no dots, since Services take their names from it: '${name}' could be '${name.replaceAll('.', '-')}'`);
  if (name.length > MAX_NAME) faults.push(`The name of an Application has at most ${MAX_NAME} characters, '${name}' has ${name.length}: shorten it`);
  if (!Array.isArray(tracks) || tracks.length === 0) return [...faults, 'An Application needs at least one track: add spec.tracks with the track production'];
  if (ports.length === 0) faults.push('An Application needs a port, which the routers forward: add spec.ports');
  if (application.spec.template?.spec?.containers === undefined) faults.push('spec.template is a pod template with at least one container: add spec.template.spec.containers');
  tracks.forEach((track, i) => faults.push(...trackFaults(track, i === tracks.length - 1)));
  faults.push(...repeated('name', tracks.map((t) => t.name)), ...repeated('segment', tracks.flatMap((t) => t.segment ?? [])));
  const { steps: left = [] } = application.spec.abort ?? {};
  left.forEach((percent, i) => { if (i > 0 && percent >= (left[i - 1] ?? 100)) faults.push(`What an abort leaves descends from step to step: ${percent} cannot follow ${left[i - 1]}`); });
  const replicas = router?.replicas ?? 4;
  if (router?.floor !== undefined && router.floor > replicas) faults.push(`The router's floor ${router.floor} is above its ${replicas} replicas: lower the floor or raise replicas`);
  return [...faults, ...gatewayFaults(application)];
}

function trackFaults(track: Track, last: boolean): string[] {
  const { name, replicas, endpointFloor, segment, percent, steps = [], gates = [], users, autoscaling } = track;
  const faults: string[] = [];
  const say = (text: string) => faults.push(`Track ${name}: ${text}`);
  if (last && segment !== undefined) say(`the last track is production and has no segment, not ${segment}: remove it, or put the tracks in the order that a release takes`);
  if (!last && segment === undefined) say('every track but the last has a segment: set it, or put the track that has none last');
  if (!Number.isInteger(replicas) || replicas < 1) say(`replicas is a whole number of at least 1, not ${replicas}`);
  if (endpointFloor !== undefined && endpointFloor > replicas) say(`endpointFloor ${endpointFloor} is above its ${replicas} replicas: lower the floor or raise replicas`);
  if (autoscaling !== undefined && autoscaling.maxReplicas < replicas) say(`autoscaling.maxReplicas ${autoscaling.maxReplicas} is below its ${replicas} replicas, which are the least: raise it or lower replicas`);
  if (percent !== undefined && (percent < 0 || percent > 100)) say(`percent is 0 to 100, not ${percent}`);
  if (last && percent !== undefined && percent !== 100) say(`the last track takes all that no other takes, not ${percent} percent: remove percent, or use steps`);
  if (!last && steps.length > 0) say('only the last track can have steps: use percent');
  if (steps.length > MAX_STEPS) say(`at most ${MAX_STEPS} steps, not ${steps.length}`);
  const { include = [], exclude = [] } = users ?? {};
  if (last && users !== undefined && steps.length === 0) say('lists on the last track say who is first and last in its steps, and it has none: add steps; to keep users on it, list them in users.exclude of the tracks before it');
  const both = include.find((user) => exclude.includes(user));
  if (both !== undefined) say(`user ${both} is listed as always in and as always out: take one of them away`);
  steps.forEach((step, i) => {
    const before = steps[i - 1]?.percent ?? 0;
    if (step.percent <= before || step.percent > 99) say(`steps ascend from 1 to 99 (100 follows by itself): ${step.percent} cannot follow ${before}`);
  });
  if (last) {
    const compared = gates.find((g) => 'analysis' in g && g.analysis.metrics.some((m) => m.maxRatioToProduction !== undefined));
    if (compared !== undefined) say(`gate ${compared.name} compares with production, which is this version itself by then: use max there, or put the gate on a step`);
  }
  for (const [when, hooks] of Object.entries(track.hooks ?? {})) {
    faults.push(...repeated(`hook ${when} track ${name}`, hooks.map((h) => h.name)));
    for (const hook of hooks) if ((hook.template?.spec?.containers ?? []).length === 0) say(`hook ${hook.name} has no container to run: add template.spec.containers`);
  }
  faults.push(...gateFaults(name, gates), ...steps.flatMap((s) => gateFaults(name, s.gates ?? [])));
  return faults;
}

function gateFaults(track: string, gates: readonly Gate[]): string[] {
  const faults = repeated(`gate of track ${track}`, gates.map((g) => g.name));
  for (const gate of gates) {
    const kinds = Object.keys(gate).filter((k) => k !== 'name');
    if (kinds.length !== 1) faults.push(`Track ${track}: gate ${gate.name} is exactly one of soak, testJob, approval, analysis, window and webhook, not ${kinds.join(' and ') || 'none'}`);
    if ('testJob' in gate && (gate.testJob.template?.spec?.containers ?? []).length === 0) faults.push(`Track ${track}: test job ${gate.name} has no container to run: add template.spec.containers`);
    if ('testJob' in gate && cannotFail(gate.testJob)) faults.push(`Track ${track}: test job ${gate.name} always succeeds and so proves nothing: let its command's exit code through`);
  }
  return faults;
}

/** What ends a shell command with success whatever came before it. */
const SWALLOWED = /(\|\||;|\n)\s*(true|:|exit(\s+0)?)\s*;?\s*$/;
/** What can do nothing but succeed. */
const ALWAYS_TRUE = /^\s*(true|:|exit(\s+0)?|echo\b[^;&|]*|sleep\s+[\d.]+\w?)?\s*;?\s*$/;
const SHELL = /(^|\/)(ba|da|a|z)?sh$/;

/** Where it shows: the command does nothing, or throws its exit code away. */
function cannotFail(test: Extract<Gate, { testJob: unknown }>['testJob']): boolean {
  const containers = test.template?.spec?.containers ?? [];
  return containers.length > 0 && containers.every(({ command = [], args = [] }) => {
    const words = [...command, ...args];
    const [program = ''] = words;
    const script = SHELL.test(program) ? words.at(-1) : undefined;
    if (script !== undefined) return words.length > 1 && (SWALLOWED.test(script) || ALWAYS_TRUE.test(script));
    return words.length > 0 && ALWAYS_TRUE.test([program.replace(/^.*\//, ''), ...words.slice(1)].join(' '));
  });
}

function repeated(what: string, values: readonly string[]): string[] {
  return [...new Set(values.filter((v, i) => values.indexOf(v) !== i))].map((v) => `Two tracks or gates cannot have the same ${what}: ${v} is there twice`);
}
