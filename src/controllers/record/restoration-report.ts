import { API_VERSION, type Condition } from '../../api/group.ts';
import { RecordRepositories } from '../../api/kinds.ts';
import { RECORD_REPOSITORY, type RecordRepository } from '../../api/record-repository/record-repository.ts';
import { keyString, type ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import type { Restoration } from './restore.ts';

/** Owns only the condition `Restored`: the rest of the same status is about the remote. */
const FIELD_MANAGER = 'aweigh-record-restore';

/** Says in one place which Applications of the record are not in the cluster yet, and what they wait for. */
export class RestorationReport {
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #waiting = new Map<string, Extract<Restoration, { outcome: 'waits' }>>();
  #told = '';

  constructor(context: ControllerContext, events: EventRecorder) {
    this.#context = context;
    this.#events = events;
  }

  async tell(key: ObjectKey, restoration: Restoration): Promise<void> {
    const id = keyString(key);
    const known = this.#waiting.get(id);
    if (restoration.outcome === 'waits') this.#waiting.set(id, restoration);
    else this.#waiting.delete(id);
    const settings = this.#context.informer(RecordRepositories).get({ name: RECORD_REPOSITORY });
    if (settings === undefined) return;
    if (restoration.outcome === 'waits' && known?.message !== restoration.message) this.#events.event({ ...settings, apiVersion: API_VERSION, kind: 'RecordRepository' }, 'Warning', restoration.reason, restoration.message);
    const condition = this.#condition(settings);
    const told = `${condition.status} ${condition.reason} ${condition.message}`;
    if (told === this.#told || (this.#told === '' && this.#waiting.size === 0 && restoration.outcome === 'nothing')) return;
    await this.#context.client.apply(RecordRepositories, { apiVersion: API_VERSION, kind: 'RecordRepository', metadata: { name: RECORD_REPOSITORY }, status: { conditions: [condition] } } as RecordRepository, { fieldManager: FIELD_MANAGER, subresource: 'status', force: true });
    this.#told = told;
  }

  #condition({ status }: RecordRepository): Condition {
    const [first] = this.#waiting.values();
    const now: Pick<Condition, 'status' | 'reason' | 'message'> = first === undefined
      ? { status: 'True', reason: 'AllPresent', message: 'Every Application of the record is in the cluster' }
      : { status: 'False', reason: first.reason, message: [...this.#waiting.values()].map((w) => w.message).sort().join('. ') };
    const before = status?.conditions?.find((c) => c.type === 'Restored');
    return { type: 'Restored', ...now, lastTransitionTime: before?.status === now.status ? before.lastTransitionTime : new Date(this.#context.clock.now()).toISOString() };
  }
}
