import { gitCredentials } from '../../../api/git/credentials.ts';
import { RecordRepositories } from '../../../api/kinds.ts';
import type { RecordRepository } from '../../../api/record-repository/record-repository.ts';
import { Secrets } from '../../../client/kinds.ts';
import type { ObjectKey } from '../../../client/resource.ts';
import { isNotFound } from '../../../client/status-error.ts';
import type { ControllerContext } from '../../../runtime/controller.ts';
import type { Remote } from '../repository.ts';

export interface ObservedRemote {
  readonly settings: RecordRepository;
  /** With its login. Absent: none is set, or `fault` says why it cannot be used. */
  readonly remote?: Remote;
  readonly fault?: { readonly reason: 'SecretMissing' | 'SecretInvalid'; readonly message: string };
}

/** The settings, and the Secret that they name as it is now; undefined where nobody made settings yet. */
export async function observeRemote(context: ControllerContext, key: ObjectKey): Promise<ObservedRemote | undefined> {
  const settings = context.informer(RecordRepositories).get(key);
  if (settings === undefined) return undefined;
  const { remote } = settings.spec;
  if (remote === undefined) return { settings };
  const there = { url: remote.url, branch: remote.branch ?? 'main' };
  if (remote.secretRef === undefined) return { settings, remote: there };
  const { namespace, name } = remote.secretRef;
  try {
    const credentials = gitCredentials(await context.client.get(Secrets, { namespace, name }));
    if (credentials === undefined) return { settings, fault: { reason: 'SecretInvalid', message: `Secret ${namespace}/${name} has no login for git: it needs username and password, token, or ssh-privatekey` } };
    return { settings, remote: { ...there, credentials } };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return { settings, fault: { reason: 'SecretMissing', message: `Secret ${namespace}/${name} does not exist: create it, or remove spec.remote.secretRef` } };
  }
}
