import type { Build } from '../../api/build/build.ts';
import { gitCredentials } from '../../api/git/credentials.ts';
import { Applications, Builds, Sources } from '../../api/kinds.ts';
import type { Source } from '../../api/source/source.ts';
import { Secrets } from '../../client/kinds.ts';
import type { ObjectKey } from '../../client/resource.ts';
import { isNotFound } from '../../client/status-error.ts';
import type { Secret } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import { registryLogin } from './credentials.ts';
import { type Branch, LookupError, type LookupFailure, type Registries, type RegistryImage, type Repositories } from './ports.ts';

export type FaultReason = LookupFailure | 'SecretMissing' | 'SecretInvalid' | 'BranchMissing' | 'NoTag' | 'RuleInvalid';

/** What is at the followed place now. */
export type Found =
  /** `rewritten`: the branch lacks the commit that it had when it was last seen. */
  | { readonly type: 'commit'; readonly branch: Branch; readonly commit: string; readonly rewritten: boolean }
  | { readonly type: 'tag'; readonly image: RegistryImage; readonly tag: string; readonly digest: string }
  | { readonly type: 'fault'; readonly reason: FaultReason; readonly message: string }
  | { readonly type: 'nothing' };

export interface ObservedSource {
  readonly source: Source;
  readonly applicationExists: boolean;
  /** Of the Application. */
  readonly builds: readonly Build[];
  readonly found: Found;
}

export interface Places {
  readonly repositories: Repositories;
  readonly registries: Registries;
}

/** Everything that one decision needs; undefined when the Source is gone. */
export async function observe(context: ControllerContext, places: Places, key: ObjectKey, signal: AbortSignal): Promise<ObservedSource | undefined> {
  const source = context.informer(Sources).get(key);
  if (source === undefined || source.metadata?.deletionTimestamp !== undefined) return undefined;
  const { application } = source.spec;
  return {
    source,
    applicationExists: context.informer(Applications).get({ ...key, name: application }) !== undefined,
    builds: context.informer(Builds).list(key.namespace).filter((b) => b.spec.application === application),
    found: source.spec.suspend === true ? { type: 'nothing' } : await find(context, places, source, signal),
  };
}

async function find(context: ControllerContext, places: Places, source: Source, signal: AbortSignal): Promise<Found> {
  try {
    return source.spec.git === undefined ? await findTag(context, places, source, signal) : await findCommit(context, places, source, signal);
  } catch (error) {
    if (error instanceof LookupError) return { type: 'fault', reason: error.reason, message: error.message };
    if (error instanceof SecretFault) return { type: 'fault', reason: error.reason, message: error.message };
    throw error;
  }
}

async function findCommit(context: ControllerContext, { repositories }: Places, source: Source, signal: AbortSignal): Promise<Found> {
  const { git } = source.spec;
  if (git === undefined) return { type: 'nothing' };
  const secret = await secretOf(context, source, git.secretRef?.name);
  const credentials = secret && gitCredentials(secret);
  if (secret !== undefined && credentials === undefined) throw new SecretFault('SecretInvalid', `Secret ${git.secretRef?.name} has no login for git: it needs username and password, token, or ssh-privatekey`);
  const branch: Branch = { url: git.url, branch: git.branch ?? 'main', ...(credentials && { credentials }) };
  const commit = await repositories.tip(branch, signal);
  if (commit === undefined) return { type: 'fault', reason: 'BranchMissing', message: `The repository has no branch ${branch.branch}: push it, or correct spec.git.branch` };
  const { seen, observedGeneration } = source.status ?? {};
  const same = observedGeneration === source.metadata?.generation;
  const rewritten = seen !== undefined && seen !== commit && same && !(await repositories.contains(branch, commit, seen, signal));
  return { type: 'commit', branch, commit, rewritten };
}

async function findTag(context: ControllerContext, { registries }: Places, source: Source, signal: AbortSignal): Promise<Found> {
  const { registry } = source.spec;
  if (registry === undefined) return { type: 'nothing' };
  const secret = await secretOf(context, source, registry.secretRef?.name);
  const login = secret && registryLogin(secret, registry.image);
  if (secret !== undefined && login === undefined) throw new SecretFault('SecretInvalid', `Secret ${registry.secretRef?.name} has no login for the registry of ${registry.image}: it needs username and password, or .dockerconfigjson with this registry`);
  const image: RegistryImage = { image: registry.image, insecure: registry.insecure ?? false, ...(login && { login }) };
  // Loads regular expressions and versions, which Sources of git need not.
  const { chooseTag } = await import('./choose-tag.ts');
  const choice = chooseTag(await registries.tags(image, signal), registry.semver === undefined ? { pattern: registry.pattern ?? '' } : { semver: registry.semver });
  if (choice.outcome !== 'chosen') return { type: 'fault', reason: choice.outcome === 'none' ? 'NoTag' : 'RuleInvalid', message: choice.message };
  return { type: 'tag', image, tag: choice.tag, digest: await registries.digest(image, choice.tag, signal) };
}

class SecretFault extends Error {
  readonly reason: 'SecretMissing' | 'SecretInvalid';

  constructor(reason: 'SecretMissing' | 'SecretInvalid', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Read anew each time, so that a renewed login works at once. */
async function secretOf(context: ControllerContext, source: Source, name: string | undefined): Promise<Secret | undefined> {
  if (name === undefined) return undefined;
  const { namespace } = source.metadata ?? {};
  try {
    return await context.client.get(Secrets, { ...(namespace === undefined ? {} : { namespace }), name });
  } catch (error) {
    if (isNotFound(error)) throw new SecretFault('SecretMissing', `Secret ${name} does not exist in namespace ${namespace}: create it, or remove the secretRef`);
    throw error;
  }
}
