import type { Build } from '../../api/build/build.ts';
import { withCondition } from '../../api/conditions.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { Builds } from '../../api/kinds.ts';
import { Secrets } from '../../client/kinds.ts';
import { keyOf } from '../../client/resource.ts';
import { isAlreadyExists } from '../../client/status-error.ts';
import type { Secret } from '../../kubernetes/types.generated.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { EventRecorder } from '../../runtime/event-recorder.ts';
import { fieldManagers } from '../../runtime/field-managers.ts';
import type { ConfigAction } from './reconcile.ts';

const options = { fieldManager: fieldManagers.config };

/** Makes the writes in order: the copies of Secrets before the Build that names them. */
export async function apply(context: ControllerContext, events: EventRecorder, actions: readonly ConfigAction[]): Promise<void> {
  for (const action of actions) {
    switch (action.type) {
      case 'copySecret': await copySecret(context, action.build, action.secret, action.name); break;
      case 'capture': await capture(context, action.build, action.config); break;
      case 'wait': await setCondition(context, events, action.build, 'False', action.reason, action.message); break;
      case 'createBuild': await ignoreExisting(context.client.create(Builds, action.build, options)); break;
    }
  }
}

/** Owned by every Build that reads it: the garbage collector takes it away with the last of them. */
async function copySecret({ client }: ControllerContext, build: Build, { type, data }: Secret, name: string): Promise<void> {
  const { namespace } = build.metadata ?? {};
  const owner = { apiVersion: API_VERSION, kind: 'Build', name: build.metadata?.name ?? '', uid: build.metadata?.uid ?? '' };
  const copy: Secret = {
    metadata: { namespace, name, labels: { [LABELS.application]: build.spec.application, 'app.kubernetes.io/managed-by': 'aweigh' }, ownerReferences: [owner] },
    immutable: true, ...(type && { type }), ...(data && { data }),
  };
  try {
    await client.create(Secrets, copy, options);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { metadata } = await client.get(Secrets, { namespace, name });
    if (metadata?.ownerReferences?.some((o) => o.uid === owner.uid) === true) return;
    await client.patch(Secrets, { namespace, name }, { metadata: { resourceVersion: metadata?.resourceVersion, ownerReferences: [...(metadata?.ownerReferences ?? []), owner] } }, options);
  }
}

async function capture(context: ControllerContext, build: Build, config: NonNullable<Build['spec']['config']>): Promise<void> {
  const { resourceVersion } = build.metadata ?? {};
  const captured = await context.client.patch(Builds, keyOf(build), { metadata: { resourceVersion }, spec: { config } }, options);
  context.log.info({ namespace: build.metadata?.namespace, build: build.metadata?.name, configMaps: config.configMaps?.length ?? 0, secrets: config.secrets?.length ?? 0 }, 'Configuration captured');
  if (build.status?.conditions !== undefined) await setCondition(context, undefined, { ...build, metadata: { ...captured.metadata } }, 'True', 'ConfigCaptured', 'Every ConfigMap and Secret that the template names is captured');
}

async function setCondition({ client, clock }: ControllerContext, events: EventRecorder | undefined, build: Build, status: 'True' | 'False', reason: string, message: string): Promise<void> {
  const before = build.status?.conditions?.find((c) => c.type === 'Configured');
  if (before?.status === status && before.message === message) return;
  const conditions = withCondition(build.status?.conditions ?? [], { type: 'Configured', status, reason, message, lastTransitionTime: new Date(clock.now()).toISOString() });
  events?.event({ ...build, apiVersion: API_VERSION, kind: 'Build' }, 'Warning', reason, message);
  await client.patch(Builds, keyOf(build), { metadata: { resourceVersion: build.metadata?.resourceVersion }, status: { conditions } }, { ...options, subresource: 'status' });
}

async function ignoreExisting(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
