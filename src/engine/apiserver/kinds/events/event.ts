import { qualifiedName } from '../../validation/label.ts';
import type { KindRules } from '../built-in-kind.ts';

const TYPES = new Set(['Normal', 'Warning']);
const MAX_SHORT = 128;
const MAX_NOTE = 1024;

/** The newer form of events has what the older leaves open: who reports, what was done and when. */
export const eventsEvent: KindRules = {
  group: 'events.k8s.io', version: 'v1', kind: 'Event', namespaced: true, lateMetadata: true,
  validate(object, found) {
    const regarding = (object['regarding']?.namespace ?? '') as string;
    const expected = regarding === '' ? 'default' : regarding;
    const namespace = object.metadata.namespace ?? '';
    if (regarding === '' ? namespace !== 'default' && namespace !== 'kube-system' : namespace !== expected) found.invalid('involvedObject.namespace', regarding, "must be the event's namespace");
    if (object['eventTime'] === null || object['eventTime'] === undefined) found.required('eventTime');
    const controller = (object['reportingController'] ?? '') as string;
    if (controller === '') found.required('reportingController');
    found.eachInvalid('reportingController', controller, controller === '' ? [] : qualifiedName(controller));
    for (const field of ['reportingInstance', 'action', 'reason']) {
      const text = (object[field] ?? '') as string;
      if (text === '') found.required(field);
      else if (text.length > MAX_SHORT) found.invalid(field, text, `must be at most ${MAX_SHORT} characters`);
    }
    const type = (object['type'] ?? '') as string;
    if (!TYPES.has(type)) found.invalid('type', type, 'must be Normal or Warning');
    const note = (object['note'] ?? '') as string;
    if (note.length > MAX_NOTE) found.invalid('note', '<note>', `must be at most ${MAX_NOTE} characters`);
  },
};
