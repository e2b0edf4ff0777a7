import { Routers } from '../../api/kinds.ts';
import type { Router, RouterStatus } from '../../api/router/router.ts';
import { Pods, Secrets } from '../../client/kinds.ts';
import type { Secret } from '../../kubernetes/types.generated.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../client/status-error.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { ControlAuthority } from './control-authority.ts';
import { clientSecretName, type ObservedPod, podSecretName } from './observe.ts';
import type { ControlCredentials } from './traffic-provider.ts';

const FIELD_MANAGER = 'aweigh-routing';

/** Makes the Secrets that routers and this controller know each other by. One that is left of an earlier pair is replaced. */
export async function createSecrets({ client, signal }: ControllerContext, router: Router, authority: ControlAuthority, left: readonly (Secret | undefined)[]): Promise<void> {
  const { name = '', namespace, uid = '' } = router.metadata ?? {};
  for (const secret of left) if (secret?.metadata?.name !== undefined) await client.delete(Secrets, { namespace, name: secret.metadata.name }, { signal });
  const { pod, client: own } = await authority.issue(name);
  const write = (secret: string, data: Readonly<Record<string, string>>) =>
    client.create(Secrets, {
      metadata: { name: secret, namespace, labels: { 'app.kubernetes.io/managed-by': 'aweigh' }, ownerReferences: [{ apiVersion: 'aweigh.dev/v1alpha1', kind: 'Router', name, uid, controller: true, blockOwnerDeletion: false }] },
      type: 'Opaque',
      data: Object.fromEntries(Object.entries(data).map(([file, content]) => [file, Buffer.from(content).toString('base64')])),
    }, { fieldManager: FIELD_MANAGER, signal });
  // Ours first: pods start when theirs is there, and must then find somebody who can tell them.
  try {
    await write(clientSecretName(name), { 'ca.crt': own.ca, 'tls.crt': own.certificate, 'tls.key': own.key });
    await write(podSecretName(name), pod);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

export function credentialsOf(secret: Secret): ControlCredentials {
  const read = (file: string): string => Buffer.from(secret.data?.[file] ?? '', 'base64').toString();
  return { ca: read('ca.crt'), certificate: read('tls.crt'), key: read('tls.key') };
}

/** Writes the status unless it is the one that is there. @param urgent a release waits for it to go back */
export async function writeStatus({ client, signal }: ControllerContext, router: Router, status: RouterStatus, urgent: boolean): Promise<void> {
  if (router.status === status) return;
  const { name = '', namespace } = router.metadata ?? {};
  // Whole, not merged: what is gone from the status must go.
  await client.patch(Routers, { name, namespace }, [{ op: 'add', path: '/status', value: status }], { type: 'json', subresource: 'status', fieldManager: FIELD_MANAGER, signal, ...(urgent && { priority: 'urgent' as const }) });
}

/** A router that cannot be told would route as nobody wants: another takes its place. */
export async function deletePod({ client, signal }: ControllerContext, namespace: string | undefined, { name, uid }: ObservedPod): Promise<void> {
  try {
    await client.delete(Pods, { namespace, name }, { uid, signal });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
