import { isDeepStrictEqual } from 'node:util';
import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../../validation/object-meta.ts';
import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';

const TYPES = new Set(['Normal', 'Warning']);
const MAX_SHORT = 128;
const MAX_NOTE = 1024;

/** One event has two forms that call some fields by other names. */
interface Form { readonly about: string; readonly controller: string; readonly note: string }

const CORE: Form = { about: 'involvedObject', controller: 'reportingComponent', note: 'message' };
const NEWER: Form = { about: 'regarding', controller: 'reportingController', note: 'note' };
const META = { name: dnsSubdomain, namespaced: true };

const text = (object: KindObject, field: string): string => (object[field] as string | undefined) ?? '';

/** Holds for both forms: an event with a time says who reports and what was done; one without stands in its object's namespace. */
function validateEither(object: KindObject, form: Form, found: Findings): void {
  const about = (object[form.about]?.namespace ?? '') as string;
  const namespace = object.metadata.namespace ?? '';
  if (object['eventTime'] == null) {
    if (namespace !== (about === '' ? 'default' : about)) found.invalid('involvedObject.namespace', about, "must be the event's namespace");
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') found.invalid('involvedObject.namespace', about, "must be the event's namespace");
    const controller = text(object, form.controller);
    if (controller === '') found.required(form.controller);
    found.eachInvalid(form.controller, controller, qualifiedName(controller));
    for (const field of ['reportingInstance', 'action', 'reason']) {
      const value = text(object, field);
      if (value === '') found.required(field);
      if (value.length > MAX_SHORT) found.invalid(field, value, `must be at most ${MAX_SHORT} characters`);
    }
    const note = text(object, form.note);
    if (note.length > MAX_NOTE) found.invalid('message', '', `must be at most ${MAX_NOTE} characters`);
  }
  found.eachInvalid('namespace', namespace, dnsSubdomain(namespace));
}

function validateSeries(object: KindObject, found: Findings): void {
  const series = object['series'] as { count?: number; lastObservedTime?: string | null } | undefined;
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) found.invalid('series.count', series.count, 'must be 2 or more');
  if (series.lastObservedTime == null) found.required('series.lastObservedTime');
}

export const event: KindRules = {
  group: '', version: 'v1', kind: 'Event', namespaced: true, lateMetadata: true,
  updateValidatesAlone: true,
  validate: (object, found) => validateEither(object, CORE, found),
  validateUpdate: (object, _old, found) => validateEither(object, CORE, found),
};

/** The names of the newer form's fields as Kubernetes reports them. */
const OLD_NAMES: Record<string, string> = { regarding: 'involvedObject', note: 'message', deprecatedSource: 'source', deprecatedFirstTimestamp: 'firstTimestamp', deprecatedLastTimestamp: 'lastTimestamp', deprecatedCount: 'count' };
const FIXED = ['regarding', 'reason', 'note', 'deprecatedSource', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedCount', 'type', 'eventTime', 'action', 'related', 'reportingController', 'reportingInstance'];

/** The newer form is strict: it has a time, and only a series may change. */
export const eventsEvent: KindRules = {
  group: 'events.k8s.io', version: 'v1', kind: 'Event', namespaced: true,
  validateMetadata: () => undefined,
  updateValidatesAlone: true,
  validate(object, found) {
    validateEither(object, NEWER, found);
    validateObjectMeta(object.metadata, META, 'metadata', found);
    validateSeries(object, found);
    if (object['eventTime'] == null) found.required('eventTime');
    if (!TYPES.has(text(object, 'type'))) found.invalid('type', text(object, 'type'), 'must be Normal or Warning');
    for (const field of ['deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedCount']) if (object[field] != null) found.invalid(OLD_NAMES[field] as string, '', 'must not be set');
    const source = object['deprecatedSource'] as { component?: string; host?: string } | undefined;
    if (source?.component !== undefined || source?.host !== undefined) found.invalid('source', '', 'must not be set');
  },
  validateUpdate(object, old, found) {
    validateEither(object, NEWER, found);
    validateObjectMetaUpdate(object.metadata, old.metadata, 'metadata', found, false);
    if (!isDeepStrictEqual(object['series'], old['series'])) validateSeries(object, found);
    for (const field of FIXED) found.immutable(OLD_NAMES[field] ?? field, object[field], old[field]);
  },
};
