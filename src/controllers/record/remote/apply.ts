import { API_VERSION } from '../../../api/group.ts';
import { RecordRepositories } from '../../../api/kinds.ts';
import { RECORD_REPOSITORY, type RecordRepository } from '../../../api/record-repository/record-repository.ts';
import { isAlreadyExists } from '../../../client/status-error.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { EventRecorder } from '../../../runtime/event-recorder.ts';
import type { RemoteAction } from './reconcile.ts';

/** Owns only what the remote is about: the condition `Restored` of the same status is another's. */
const FIELD_MANAGER = 'aweigh-record-remote';

export async function applyRemote(context: ControllerContext, events: EventRecorder, settings: RecordRepository, actions: readonly RemoteAction[]): Promise<void> {
  for (const { status, reason, message, became } of actions) {
    const name = settings.metadata?.name ?? RECORD_REPOSITORY;
    await context.client.apply(RecordRepositories, { apiVersion: API_VERSION, kind: 'RecordRepository', metadata: { name }, status } as RecordRepository, { fieldManager: FIELD_MANAGER, subresource: 'status', force: true });
    if (became === undefined) continue;
    events.event({ ...settings, apiVersion: API_VERSION, kind: 'RecordRepository' }, became === 'behind' ? 'Warning' : 'Normal', reason, message);
    if (became === 'behind') context.log.warn({ reason, message }, 'The remote of the record is behind');
    else context.log.info({ reason }, 'The remote of the record has every commit again');
  }
}

/** So that there is always one place that says how the record is. */
export async function ensureSettings(context: ControllerContext): Promise<void> {
  try {
    await context.client.create(RecordRepositories, { apiVersion: API_VERSION, kind: 'RecordRepository', metadata: { name: RECORD_REPOSITORY }, spec: {} }, { fieldManager: FIELD_MANAGER });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
