import { Applications, Releases } from '../../api/kinds.ts';
import type { Application } from '../../api/application/application.ts';
import type { DeliveryChange } from '../../api/delivery/delivery.ts';
import { API_VERSION } from '../../api/group.ts';
import { hasEnded, type Release } from '../../api/release/release.ts';
import type { ObjectKey } from '../../client/resource.ts';
import { isAlreadyExists, StatusError } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { FIELD_MANAGER } from './apply.ts';
import { refusalOf } from './authorize.ts';
import type { Observed } from './observe.ts';
import { directoryOf, type RecordCommit, type Repository } from './repository.ts';
import { restoreApplication, type Restoration } from './restore.ts';
import { wishOf } from './wish.ts';

/** `wait`: what they ask for is under way, and the record stays as they left it until then. `follow`: the record goes on, and says why where it puts something right. */
export type Answer = { readonly then: 'wait' } | { readonly then: 'follow'; readonly why?: DeliveryChange };

/** Gives people what their commits ask for, where they may ask for it. */
export class People {
  readonly #context: ControllerContext;
  readonly #repository: Repository;
  readonly #events: EventRecorder;

  constructor(context: ControllerContext, repository: Repository, events: EventRecorder) {
    this.#context = context;
    this.#repository = repository;
    this.#events = events;
  }

  async answer({ application, delivery, commitsByPeople }: Observed, key: ObjectKey): Promise<Answer> {
    const [newest] = commitsByPeople;
    if (newest === undefined || delivery === undefined) return { then: 'follow' };
    const refused = await this.#refused(commitsByPeople, key);
    if (refused !== undefined) return this.#putRight(application, refused.commit, 'CommitRefused', refused.message);
    const directory = directoryOf(key.namespace ?? '', key.name);
    const own = await this.#repository.lastOwnCommit(directory);
    const [before, now] = await Promise.all([own === undefined ? new Map<string, string>() : this.#repository.read(directory, own), this.#repository.read(directory)]);
    const wish = wishOf(newest, before, now, delivery.spec, key.namespace ?? '');
    if (wish.application !== undefined) {
      const { fault, changed } = await this.#change(application, { ...application, spec: wish.application });
      if (fault !== undefined) return this.#putRight(application, newest, 'CommitInvalid', fault);
      // The informer's copy is still the old one: what is written now would undo the commit.
      if (changed) return { then: 'wait' };
    }
    if (wish.rollback === undefined) return { then: 'follow', why: { actor: newest.author, reason: 'CommitByPerson', message: `specs follow ${newest.subject} (${newest.sha.slice(0, 10)})` } };
    return (await this.#rollBack(wish.rollback, newest, key)) || delivery.status?.observedGeneration !== delivery.metadata?.generation ? { then: 'follow' } : { then: 'wait' };
  }

  /** An Application that exists only by people's commits: it is made where they may make it. */
  async invite(key: ObjectKey): Promise<Restoration> {
    const directory = directoryOf(key.namespace ?? '', key.name);
    const refused = await this.#refused(await this.#repository.commitsByPeople(directory), key);
    if (refused !== undefined) return { outcome: 'waits', reason: 'CommitRefused', message: `Commit ${refused.commit.sha.slice(0, 10)} by ${refused.commit.author} makes no Application. ${refused.message}` };
    return restoreApplication(this.#context, await this.#repository.read(directory), key);
  }

  async #refused(commits: readonly RecordCommit[], key: ObjectKey): Promise<{ commit: RecordCommit; message: string } | undefined> {
    for (const commit of commits) {
      const message = await refusalOf(this.#context, this.#repository, commit, key);
      if (message !== undefined) return { commit, message };
    }
    return undefined;
  }

  #putRight(application: Application, commit: RecordCommit, reason: 'CommitRefused' | 'CommitInvalid', message: string): Answer {
    const told = `Commit ${commit.sha.slice(0, 10)} by ${commit.author} <${commit.email}> changes nothing. ${message}`;
    this.#events.event({ ...application, apiVersion: API_VERSION, kind: 'Application' }, 'Warning', reason, told);
    this.#context.log.warn({ namespace: application.metadata?.namespace, name: application.metadata?.name, commit: commit.sha, reason }, told);
    return { then: 'follow', why: { actor: 'aweigh', reason, message: `puts right ${commit.sha.slice(0, 10)} by ${commit.author}. ${message}` } };
  }

  async #change(before: Application, wanted: Application): Promise<{ readonly changed: boolean; readonly fault?: string }> {
    try {
      const after = await this.#context.client.update(Applications, { ...wanted, apiVersion: API_VERSION, kind: 'Application', metadata: { ...before.metadata } }, { fieldManager: FIELD_MANAGER });
      return { changed: after.metadata?.generation !== before.metadata?.generation };
    } catch (error) {
      if (error instanceof StatusError && (error.reason === 'Invalid' || error.reason === 'BadRequest' || error.reason === 'Forbidden')) return { changed: false, fault: error.message };
      throw error;
    }
  }

  /** True: the release that it asks for has ended. */
  async #rollBack(release: Release, commit: RecordCommit, key: ObjectKey): Promise<boolean> {
    const existing = this.#context.informer(Releases).get({ ...(key.namespace === undefined ? {} : { namespace: key.namespace }), name: release.metadata?.name ?? '' });
    if (existing !== undefined) return hasEnded(existing);
    try {
      await this.#context.client.create(Releases, release, { fieldManager: FIELD_MANAGER });
      this.#context.log.info({ namespace: key.namespace, name: key.name, release: release.metadata?.name, commit: commit.sha }, 'Commit became a rollback');
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return false;
  }
}
