import type { Client } from '../../client/client.ts';
import { StorageClasses } from '../../client/kinds.ts';
import { isAlreadyExists } from '../../client/status-error.ts';
import { LOCAL_PROVISIONER } from '../../engine/node/local-volumes.ts';

/** What a claim gets that names no class: a folder of the node where its first pod runs, which goes with the claim. A class that is there already is left as it is. */
export async function makeDefaultStorageClass(client: Client): Promise<void> {
  await client.create(StorageClasses, {
    apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: LOCAL_PROVISIONER, reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer',
  }).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
}
