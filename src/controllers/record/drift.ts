import { isDeepStrictEqual } from 'node:util';
import type { Delivery, DeliveryChange, Drift } from '../../api/delivery/delivery.ts';
import type { KubernetesObject } from '../../kubernetes/resource.ts';
import { adopt, type Adopted } from './adopted.ts';
import { FIELD_MANAGER } from './apply.ts';
import { showPath } from './differences.ts';
import type { RecordAction } from './reconcile.ts';

const SETTLED_KEPT = 10;
const SOMEBODY = 'somebody';

/** What is to be told of this turn's actions. */
export function driftOf(actions: readonly RecordAction[], live: ReadonlyMap<string, KubernetesObject>, now: number): Drift[] {
  return actions.flatMap((action): Drift[] => {
    const outcome = outcomeOf(action);
    if (outcome === undefined || !('object' in action)) return [];
    const object = idOf(action.object);
    const by = editorOf(live.get(object));
    return [{ object, fields: action.paths.map(showPath), outcome, at: new Date(now).toISOString(), ...(by !== undefined && { by }) }];
  });
}

/** The list in the Delivery's status: what differs now, and what was settled last. Undefined: it says so already. */
export function nextDrift(before: Delivery['status'], found: readonly Drift[]): Drift[] | undefined {
  const known = before?.drift ?? [];
  const settled = [...known.filter((d) => d.outcome !== 'Reported'), ...found.filter((d) => d.outcome !== 'Reported')].slice(-SETTLED_KEPT);
  const open = found.filter((d) => d.outcome === 'Reported').map((d) => known.find((k) => k.outcome === 'Reported' && k.object === d.object && isDeepStrictEqual(k.fields, d.fields)) ?? d);
  const next = [...settled, ...open];
  return isDeepStrictEqual(next, known) ? undefined : next;
}

export function outcomeOf(action: RecordAction): Drift['outcome'] | undefined {
  switch (action.type) {
    case 'apply': return action.reason === 'Drifted' ? 'Mended' : undefined;
    case 'adopt': return 'Adopted';
    case 'report': return 'Reported';
    default: return undefined;
  }
}

export interface Adoption {
  readonly fields: Adopted[];
  /** `Kind/name`. */
  readonly objects: readonly string[];
  readonly change: DeliveryChange;
}

/** What the record takes in, and how the commit says it; undefined where nothing is adopted. */
export function adoptionOf(actions: readonly RecordAction[], fields: readonly Adopted[], live: ReadonlyMap<string, KubernetesObject>, drift: readonly Drift[]): Adoption | undefined {
  const told = drift.filter((d) => d.outcome === 'Adopted');
  const [first] = told;
  if (first === undefined) return undefined;
  let all: Adopted[] = [...fields];
  for (const action of actions) {
    if (action.type !== 'adopt') continue;
    const { object, paths } = action;
    const now = live.get(idOf(object));
    if (now !== undefined) all = adopt(all, idOf(object), now, paths, editorOf(now) ?? SOMEBODY, first.at);
  }
  const who = [...new Set(told.map((d) => d.by ?? SOMEBODY))].join(' and ');
  return { fields: all, objects: told.map((d) => d.object), change: { actor: who, reason: 'DriftAdopted', message: `adopts ${told.map((d) => `${d.object} ${d.fields.join(', ')}`).join('; ')} as set by ${who}` } };
}

export const idOf = (object: KubernetesObject): string => `${object.kind}/${object.metadata?.name}`;

/** Who wrote the object last beside Aweigh and the cluster's own controllers, which write its status. */
function editorOf(live: KubernetesObject | undefined): string | undefined {
  const others = (live?.metadata?.managedFields ?? []).filter((m) => m.manager !== FIELD_MANAGER && !m.subresource);
  return others.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)?.manager;
}
