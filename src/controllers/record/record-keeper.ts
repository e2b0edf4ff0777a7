import type { Application } from '../../api/application/application.ts';
import type { Delivery, Drift } from '../../api/delivery/delivery.ts';
import { API_VERSION } from '../../api/group.ts';
import { Deliveries } from '../../api/kinds.ts';
import { routerName } from '../../api/names.ts';
import type { Router } from '../../api/router/router.ts';
import type { KubernetesObject, ObjectKey } from '../../client/resource.ts';
import type { ControllerContext, ReconcileResult } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { ADOPTED_FILE, overlay, readAdopted, writeAdopted, type Adopted } from './adopted.ts';
import { apply, writeStatus } from './apply.ts';
import { commitReason } from './commit-reason.ts';
import type { RecordOptions } from './record-options.ts';
import { urgencyOf } from '../urgency.ts';
import { adoptionOf, driftOf, idOf, nextDrift } from './drift.ts';
import { BUILDS, RecordFiles, RELEASES, specPath, type RecordFile } from './files.ts';
import { withEditors } from './editors.ts';
import { observe, type Observed } from './observe.ts';
import { People, type Answer } from './people.ts';
import { isOlder, reconcile, type Applied, type RecordState } from './reconcile.ts';
import { firstExchange } from './remote/first-exchange.ts';
import { hold, remove } from './removal.ts';
import { Rendering } from './rendering.ts';
import { directoryOf } from './repository.ts';
import { farewellChange } from './takeover.ts';
import { RestorationReport } from './restoration-report.ts';
import { restoreApplication } from './restore.ts';

/** What only tells the story rides with the next change, if one comes within this time. */
const STORY_AFTER_MS = 1_000;
const RESTORE_RETRY_MS = 2_000;

/** One Application's turn: what people's commits ask for, then commit, then cluster. What it remembers only spares work. */
export class RecordKeeper {
  readonly #context: ControllerContext;
  readonly #options: RecordOptions;
  readonly #events: EventRecorder;
  readonly #people: People;
  readonly #rendering: Rendering;
  readonly #report: RestorationReport;
  readonly #applied = new Map<string, Map<string, Applied>>();
  readonly #files: RecordFiles;
  /** Digests of HEAD's files. */
  readonly #committed = new Map<string, ReadonlyMap<string, string>>();
  readonly #storySince = new Map<string, number>();
  /** Deliveries as the record's own last write left them, until the informer shows them. */
  readonly #ownStatus = new Map<string, Delivery>();
  readonly #isUrgent: (application: ObjectKey) => boolean;
  readonly #adoptedFields = new Map<string, { readonly digest: string; readonly fields: readonly Adopted[] }>();

  constructor(context: ControllerContext, options: RecordOptions, events: EventRecorder) {
    this.#context = context;
    this.#options = options;
    this.#events = events;
    this.#people = new People(context, options.repository, events);
    this.#files = new RecordFiles((content) => options.repository.digestOf(content));
    this.#rendering = new Rendering(context, options, events);
    this.#isUrgent = urgencyOf(context);
    this.#report = new RestorationReport(context, events);
  }

  async start(enqueue: (key: ObjectKey) => void, signal: AbortSignal): Promise<void> {
    const { repository } = this.#options;
    const stop = repository.onMoved((directories) => {
      for (const directory of directories) {
        const [, namespace = '', name = ''] = directory.split('/');
        this.#committed.delete(`${namespace}/${name}`);
        enqueue({ namespace, name });
      }
    });
    signal.addEventListener('abort', stop, { once: true });
    await firstExchange(this.#context, repository, signal);
    for (const key of await repository.applications()) enqueue(key);
  }

  /** The newest Delivery takes users off a version, and was not applied yet. */
  isUrgent(key: ObjectKey): boolean {
    const delivery = this.#context.informer(Deliveries).get(key);
    return delivery !== undefined && delivery.status?.observedGeneration !== delivery.metadata?.generation && this.#isUrgent(key);
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const id = `${key.namespace}/${key.name}`;
    const observed = this.#withOwnStatus(id, await observe(this.#context, this.#options.repository, key));
    if (observed === undefined) {
      for (const memory of [this.#ownStatus, this.#applied, this.#committed, this.#storySince, this.#adoptedFields]) memory.delete(id);
      this.#rendering.forget(id);
      this.#files.forget(id);
      return this.#restore(key);
    }
    if (observed.application.metadata?.deletionTimestamp !== undefined) return remove(this.#context, this.#options.repository, observed, key);
    if (observed.delivery === undefined) return {};
    await hold(this.#context, observed.application, key);
    const answer = await this.#people.answer(observed, key);
    return answer.then === 'wait' ? {} : this.#follow(observed, key, answer);
  }

  /** An informer that is behind our own write would have the same said and committed again. */
  #withOwnStatus(id: string, observed: Observed | undefined): Observed | undefined {
    const own = this.#ownStatus.get(id), seen = observed?.delivery;
    if (observed === undefined || own === undefined) return observed;
    if (seen !== undefined && seen.metadata?.uid === own.metadata?.uid && isOlder(seen.metadata?.resourceVersion, own.metadata?.resourceVersion ?? '')) return { ...observed, delivery: own };
    this.#ownStatus.delete(id);
    return observed;
  }

  async #follow(observed: Observed, key: ObjectKey, { why }: Extract<Answer, { then: 'follow' }>): Promise<ReconcileResult> {
    const { application, delivery } = observed;
    if (delivery === undefined) return {};
    const id = `${key.namespace}/${key.name}`;
    const applied = this.#applied.get(id) ?? new Map<string, Applied>();
    this.#applied.set(id, applied);
    const head = await this.#head(key);
    const rendered = await this.#rendering.of(observed, delivery, observed.builds);
    const first = this.#plan(observed, delivery, rendered, head, await this.#adopted(key, head), applied);
    const live = await withEditors(this.#context, first.actions, observed.live);
    const drift = driftOf(first.actions, live, this.#context.clock.now());
    const adoption = adoptionOf(first.actions, first.fields, live, drift);
    const plan = adoption === undefined ? first : this.#plan(observed, delivery, rendered, head, adoption.fields, applied);
    const written = await apply(plan.actions, { context: this.#context, repository: this.#options.repository, application, delivery, files: plan.files, changed: plan.changed, applied, live, urgent: this.#isUrgent(key), why: commitReason(observed, plan.changed, adoption?.change ?? why ?? farewellChange(observed.live.get(`Router/${routerName(key.name)}`) as Router | undefined, rendered)) });
    if (written !== undefined) this.#ownStatus.set(id, written);
    for (const object of adoption?.objects ?? []) {
      const wanted = plan.wanted.find((w) => idOf(w) === object);
      if (wanted !== undefined) applied.set(object, { wanted, resourceVersion: live.get(object)?.metadata?.resourceVersion ?? '', rewritten: applied.get(object)?.rewritten ?? new Set() });
    }
    if (plan.actions.some((a) => a.type === 'commit')) { this.#committed.set(id, digestsOf(plan.files)); this.#storySince.delete(id); }
    await this.#tellDrift(application, delivery, drift);
    return plan.waitMs > 0 ? { requeueAfterMs: plan.waitMs } : {};
  }

  #plan(observed: Observed, delivery: Delivery, rendered: readonly KubernetesObject[], head: ReadonlyMap<string, string>, adopted: readonly Adopted[], applied: ReadonlyMap<string, Applied>) {
    const { application, builds, releases, live } = observed;
    const id = `${application.metadata?.namespace}/${application.metadata?.name}`;
    const driftPolicy = application.spec.driftPolicy ?? 'mend';
    const { specs: wanted, fields } = overlay(rendered, driftPolicy === 'adopt' ? adopted : []);
    const there = ({ metadata }: KubernetesObject): boolean => metadata?.deletionTimestamp === undefined;
    const files = this.#files.of({ application, delivery, builds: [...builds.values()].filter(there), releases: releases.filter((r) => builds.has(r.spec.build) && there(r)), specs: wanted });
    if (fields.length > 0) files.set(ADOPTED_FILE, this.#files.text(writeAdopted(fields)));
    const changed = changedPaths(head, files);
    const behind = behindBy(changed);
    if (behind !== 'story') this.#storySince.delete(id);
    const waitMs = behind === 'story' && delivery.status?.observedGeneration === delivery.metadata?.generation ? this.#storyWaitMs(id) : 0;
    const changedFiles = new Set(changed);
    const changedSpecs = new Set(wanted.filter((spec) => changedFiles.has(specPath(spec))).map(idOf));
    return { wanted, fields, files, changed, waitMs, actions: reconcile({ delivery, wanted, live, applied, driftPolicy, changed: changedSpecs, behind: waitMs > 0 ? 'nothing' : behind }) };
  }

  async #tellDrift(application: Application, delivery: Delivery, found: readonly Drift[]): Promise<void> {
    const next = nextDrift(delivery.status, found);
    if (next === undefined) return;
    await writeStatus({ context: this.#context, delivery }, { drift: next });
    for (const { object, fields, outcome, by } of found) {
      if (delivery.status?.drift?.some((d) => d.outcome === 'Reported' && outcome === 'Reported' && d.object === object && d.fields.join() === fields.join())) continue;
      const told = `${object}: ${fields.join(', ')} differ from the record${by === undefined ? '' : `, last written by ${by}`}`;
      this.#events.event({ ...application, apiVersion: API_VERSION, kind: 'Application' }, 'Warning', `Drift${outcome}`, told);
      this.#context.log.warn({ namespace: application.metadata?.namespace, name: application.metadata?.name, outcome }, told);
    }
  }

  #storyWaitMs(id: string): number {
    const now = this.#context.clock.now();
    const since = this.#storySince.get(id) ?? now;
    this.#storySince.set(id, since);
    return Math.max(0, since + STORY_AFTER_MS - now);
  }

  /** What Aweigh itself wrote last counts: what people made of it is looked at as ever once the Application is there. */
  async #restore(key: ObjectKey): Promise<ReconcileResult> {
    const { repository } = this.#options;
    const directory = directoryOf(key.namespace ?? '', key.name);
    if ((await repository.lastCommit(directory)) === undefined || (await repository.read(directory)).size === 0) return {};
    const own = await repository.lastOwnCommit(directory);
    const written = own === undefined ? new Map<string, string>() : await repository.read(directory, own);
    const restoration = written.size === 0 ? await this.#people.invite(key) : await restoreApplication(this.#context, written, key);
    await this.#report.tell(key, restoration);
    return restoration.outcome === 'waits' ? { requeueAfterMs: RESTORE_RETRY_MS } : {};
  }

  async #head(key: ObjectKey): Promise<ReadonlyMap<string, string>> {
    const id = `${key.namespace}/${key.name}`;
    const known = this.#committed.get(id) ?? (await this.#options.repository.listing(directoryOf(key.namespace ?? '', key.name)));
    this.#committed.set(id, known);
    return known;
  }

  async #adopted(key: ObjectKey, head: ReadonlyMap<string, string>): Promise<readonly Adopted[]> {
    const id = `${key.namespace}/${key.name}`;
    const digest = head.get(ADOPTED_FILE);
    if (digest === undefined) { this.#adoptedFields.delete(id); return []; }
    const known = this.#adoptedFields.get(id);
    if (known?.digest === digest) return known.fields;
    const fields = readAdopted((await this.#options.repository.read(directoryOf(key.namespace ?? '', key.name))).get(ADOPTED_FILE));
    this.#adoptedFields.set(id, { digest, fields });
    return fields;
  }
}

const digestsOf = (files: ReadonlyMap<string, RecordFile>): Map<string, string> => new Map([...files].map(([path, { digest }]) => [path, digest]));

function changedPaths(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, RecordFile>): string[] {
  return [...[...now].filter(([path, { digest }]) => before.get(path) !== digest).map(([path]) => path), ...[...before.keys()].filter((path) => !now.has(path))];
}

function behindBy(changed: readonly string[]): RecordState['behind'] {
  if (changed.length === 0) return 'nothing';
  return changed.every((path) => path.startsWith(BUILDS) || path.startsWith(RELEASES)) ? 'story' : 'specs';
}
