import { ConfigMaps, Namespaces, ServiceAccounts } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../../client/status-error.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';

const accountName = 'default';
const rootCaName = 'kube-root-ca.crt';

/** Gives every namespace the service account `default` and the ConfigMap that tells its pods whom to trust.
 *  @param rootCaPem absent: the ConfigMap is left to others */
export function serviceAccountController(rootCaPem?: string): ControllerFactory {
  return (context) => ({
    name: 'service-account',
    sources: [
      source(Namespaces, (n) => [keyOf(n)]),
      source(ServiceAccounts, (a) => (a.metadata?.name === accountName ? [{ name: a.metadata.namespace ?? '' }] : [])),
      source(ConfigMaps, (c) => (c.metadata?.name === rootCaName ? [{ name: c.metadata.namespace ?? '' }] : [])),
    ],
    async reconcile({ name: namespace }) {
      const found = context.informer(Namespaces).get({ name: namespace });
      if (found === undefined || found.metadata?.deletionTimestamp !== undefined) return {};
      if (context.informer(ServiceAccounts).get({ namespace, name: accountName }) === undefined) {
        await context.client.create(ServiceAccounts, { metadata: { namespace, name: accountName } }).catch(ignoreVanishing);
      }
      if (rootCaPem === undefined) return {};
      const data = { 'ca.crt': rootCaPem };
      const configMap = context.informer(ConfigMaps).get({ namespace, name: rootCaName });
      if (configMap === undefined) {
        const annotations = { 'kubernetes.io/description': 'The certificates that verify the API server inside a pod.' };
        await context.client.create(ConfigMaps, { metadata: { namespace, name: rootCaName, annotations }, data }).catch(ignoreVanishing);
      } else if (configMap.data?.['ca.crt'] !== rootCaPem) {
        await context.client.update(ConfigMaps, { ...configMap, data });
      }
      return {};
    },
  });
}

function ignoreVanishing(e: unknown): void {
  const ending = e instanceof StatusError && e.reason === 'Forbidden' && e.message.includes('terminated');
  if (!isAlreadyExists(e) && !isNotFound(e) && !ending) throw e;
}
