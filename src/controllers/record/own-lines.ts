import type { Application } from '../../api/application/application.ts';
import { API_VERSION } from '../../api/group.ts';
import { Applications } from '../../api/kinds.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import type { ConfigMap } from '../../kubernetes/types.generated.ts';
import type { RouterRenderer } from './router-renderer.ts';

const CONDITION = 'RouterConfigValid';
const CHECK_TIMEOUT_MS = 15_000;
const KEPT_VERDICTS = 200;
/** Its own, so that it owns only this condition of the Application's status. */
const FIELD_MANAGER = 'aweigh-record-router';

/**
 * Guards the lines that people add to a router's config: they are checked before they are recorded. What is refused changes nothing:
 * the lines that are in the live ConfigMap stay, releases go on, and the Application says which line is wrong.
 */
export class OwnLinesGuard {
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  /** Verdict by what was checked; undefined: no fault. */
  readonly #verdicts = new Map<string, string | undefined>();

  constructor(context: ControllerContext, events: EventRecorder) {
    this.#context = context;
    this.#events = events;
  }

  /** The Application as it is to be rendered. */
  async usable(application: Application, router: RouterSpec, renderer: RouterRenderer | undefined, live: ConfigMap | undefined): Promise<Application> {
    const ownLines = renderer?.ownLines;
    const own = application.spec.router?.haproxy ?? {};
    if (renderer === undefined || ownLines === undefined || Object.values(own).every((text) => (text ?? '').trim() === '')) {
      await this.#say(application, undefined);
      return application;
    }
    const id = JSON.stringify([own, renderer.configMapData({ ...application, spec: { ...application.spec, router: { ...application.spec.router, haproxy: {} } } }, router)]);
    if (!this.#verdicts.has(id)) {
      if (this.#verdicts.size >= KEPT_VERDICTS) this.#verdicts.clear();
      this.#verdicts.set(id, await ownLines.fault(application, router, AbortSignal.any([this.#context.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])));
    }
    const fault = this.#verdicts.get(id);
    await this.#say(application, fault);
    if (fault === undefined) return application;
    return { ...application, spec: { ...application.spec, router: { ...application.spec.router, haproxy: live?.data === undefined ? {} : ownLines.read(live.data) } } };
  }

  async #say(application: Application, fault: string | undefined): Promise<void> {
    const before = application.status?.conditions?.find((c) => c.type === CONDITION);
    const reason = fault === undefined ? 'Accepted' : 'LinesRefused';
    const message = fault === undefined ? 'The routers take the lines of your own' : `${fault}. The routers keep the lines they had: mend spec.router.haproxy`;
    // Nothing is said where nothing was ever wrong.
    if (before === undefined ? fault === undefined : before.reason === reason && before.message === message) return;
    const { name = '', namespace } = application.metadata ?? {};
    const status = fault === undefined ? 'True' as const : 'False' as const;
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : new Date(this.#context.clock.now()).toISOString();
    const condition = { type: CONDITION, status, reason, message, lastTransitionTime, ...(application.metadata?.generation !== undefined && { observedGeneration: application.metadata.generation }) };
    await this.#context.client.apply(Applications, { apiVersion: API_VERSION, kind: 'Application', metadata: { name, ...(namespace !== undefined && { namespace }) }, status: { conditions: [condition] } } as unknown as Application, { fieldManager: FIELD_MANAGER, subresource: 'status', force: true });
    this.#events.event({ ...application, apiVersion: API_VERSION, kind: 'Application' }, fault === undefined ? 'Normal' : 'Warning', reason, message);
  }
}
