import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Build } from '../../api/build/build.ts';
import { API_VERSION, type Condition } from '../../api/group.ts';
import { Builds, Sources } from '../../api/kinds.ts';
import { buildName } from '../../api/names.ts';
import type { Source, SourceBuilt, SourceFailure } from '../../api/source/source.ts';
import type { ObjectKey } from '../../client/resource.ts';
import { isAlreadyExists } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { LookupError, type BuildProvider, type Checkout, type Repositories } from './ports.ts';
import { failureMessage, revisionOf, shown, type Ready, type SourceAction } from './reconcile.ts';
import { quantityValue } from '../../kubernetes/quantity.ts';

const FIELD_MANAGER = 'aweigh-source';
const DEFAULT_TIMEOUT_SECONDS = 600;
const DEFAULT_MEMORY = '4Gi';
const DEFAULT_PROCESSES = 1_024;
const MESSAGE_KEPT = 1_024;
const LOG_IN_EVENT = 400;

export interface ApplyContext {
  readonly context: ControllerContext;
  readonly events: EventRecorder;
  readonly repositories: Repositories;
  readonly builder: BuildProvider | undefined;
  readonly source: Source;
  readonly signal: AbortSignal;
}

/** @throws {LookupError} when what was found cannot be fetched after all */
export async function apply(action: SourceAction, to: ApplyContext): Promise<void> {
  switch (action.type) {
    case 'status': return writeStatus(to, { ready: action.ready, ...(action.seen === undefined ? {} : { seen: action.seen }) });
    case 'build': return build(action.found, to);
    case 'take': return take(action.found, action.version, to);
  }
}

async function build(found: Extract<SourceAction, { type: 'build' }>['found'], to: ApplyContext): Promise<void> {
  const { builder, repositories, source, signal } = to;
  if (builder === undefined) throw new TypeError('Without a builder nothing is built');
  const seen = found.commit;
  await writeStatus(to, { ready: { status: 'Unknown', reason: 'Building', message: `${shown(found)} is being built` }, seen });
  const checkout = await repositories.checkOut(found.branch, found.commit, signal);
  try {
    const { folder = '.', command, test, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, network = 'command', memory = DEFAULT_MEMORY, processes = DEFAULT_PROCESSES } = source.spec.git?.build ?? {};
    const outcome = await builder.build({ checkout: checkout.folder, folder: join(checkout.folder, folder), ...(command && { command }), ...(test && { test }), timeoutMs: timeoutSeconds * 1_000, network, memoryBytes: quantityValue(memory), processes, tag: `${source.spec.application}:${checkout.version}`, signal });
    if (outcome.outcome === 'broken') return await broken(to, found, { reason: outcome.reason, message: outcome.message, log: outcome.log, checkout });
    const version = checkout.version;
    await made(to, found, { version, image: outcome.image, imageTag: `${source.spec.application}:${version}`, commit: found.commit, message: checkout.message.slice(0, MESSAGE_KEPT), author: checkout.author.slice(0, 256) }, checkout);
  } finally {
    await checkout.dispose();
  }
}

async function take(found: Extract<SourceAction, { type: 'take' }>['found'], version: string, to: ApplyContext): Promise<void> {
  const { image, tag, digest } = found;
  await to.builder?.take(image, tag, digest, to.signal);
  await made(to, found, { version, image: `${image.image}@${digest}`, imageTag: `${image.image}:${tag}` }, undefined);
}

type Taken = Parameters<typeof revisionOf>[0];

async function made(to: ApplyContext, found: Taken, spec: Omit<Build['spec'], 'application'>, checkout: Checkout | undefined): Promise<void> {
  const { context, source, events } = to;
  const { namespace } = source.metadata ?? {};
  const { application } = source.spec;
  const name = buildName(application, spec.version);
  try {
    await context.client.create(Builds, { apiVersion: API_VERSION, kind: 'Build', metadata: { ...(namespace === undefined ? {} : { namespace }), name }, spec: { application, ...spec } }, { fieldManager: FIELD_MANAGER });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await context.client.get(Builds, { ...(namespace === undefined ? {} : { namespace }), name });
    if (existing.spec.image !== spec.image) return broken(to, found, { reason: 'VersionTaken', message: `Build ${name} exists with another image, and a Build never changes: give this commit a tag of its own`, log: '', checkout });
  }
  await writeStatus(to, { ready: { status: 'True', reason: 'UpToDate', message: `${shown(found)} is Build ${name}` }, seen: revisionOf(found), built: { revision: revisionOf(found), build: name, at: now(context) } });
  events.event(referenced(source), 'Normal', 'BuildMade', `${shown(found)} became Build ${name}`);
  context.log.info({ namespace, name: source.metadata?.name, build: name, revision: revisionOf(found) }, 'Source made a Build');
}

/** Shown, and it goes nowhere. */
async function broken(to: ApplyContext, found: Taken, { reason, message, log, checkout }: { reason: string; message: string; log: string; checkout: Checkout | undefined }): Promise<void> {
  const { context, source, events } = to;
  const [subject = ''] = (checkout?.message ?? '').split('\n');
  const failed: SourceFailure = {
    revision: revisionOf(found), reason, verdict: message, at: now(context), ...(source.metadata?.generation === undefined ? {} : { generation: source.metadata.generation }),
    ...(checkout && { author: checkout.author, message: subject.slice(0, MESSAGE_KEPT) }), ...(log !== '' && { log: printable(log) }),
  };
  const told = failureMessage(found, failed);
  await writeStatus(to, { ready: { status: 'False', reason, message: told }, seen: revisionOf(found), failed });
  events.event(referenced(source), 'Warning', reason, `${told}${log === '' ? '' : `. It wrote last: ${printable(log).slice(-LOG_IN_EVENT)}`}`);
  context.log.warn({ namespace: source.metadata?.namespace, name: source.metadata?.name, revision: revisionOf(found), reason }, 'Source found what does not build');
}

async function writeStatus({ context, source }: ApplyContext, wanted: { ready: Ready; seen?: string; built?: SourceBuilt; failed?: SourceFailure }): Promise<void> {
  const { metadata } = source;
  const key: ObjectKey = { ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }), name: metadata?.name ?? '' };
  const status = context.informer(Sources).get(key)?.status ?? source.status;
  const before = status?.conditions?.find((c) => c.type === 'Ready');
  const condition: Condition = {
    type: 'Ready', ...wanted.ready, lastTransitionTime: before?.status === wanted.ready.status ? before.lastTransitionTime : now(context),
    ...(metadata?.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  };
  // What works now says more than what broke before it.
  const settles = wanted.built !== undefined || wanted.ready.reason === 'UpToDate';
  const patch = {
    observedGeneration: metadata?.generation, conditions: [condition],
    ...(wanted.seen === undefined ? {} : { seen: wanted.seen }), ...(wanted.built && { built: wanted.built }), ...(wanted.failed ? { failed: wanted.failed } : settles && status?.failed !== undefined ? { failed: null } : {}),
  };
  if (Object.entries(patch).every(([field, value]) => isDeepStrictEqual(status?.[field as keyof typeof status], value))) return;
  await context.client.patch(Sources, key, { status: patch }, { subresource: 'status', fieldManager: FIELD_MANAGER });
}

const now = (context: ControllerContext): string => new Date(context.clock.now()).toISOString();
const referenced = (source: Source): Source => ({ ...source, apiVersion: API_VERSION, kind: 'Source' });

/** Programs write colours; a status is read as text. */
function printable(log: string): string {
  // oxlint-disable-next-line no-control-regex
  return log.replaceAll(/\u001B\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll(/[^\P{C}\n\t]/gu, '').trimEnd();
}

/** A place that answered a moment ago does not any more: said as any other fault. */
export function faultOf(error: unknown): Ready | undefined {
  return error instanceof LookupError ? { status: 'False', reason: error.reason, message: error.message } : undefined;
}
