import { StatusError } from '../../../client/status-error.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden } from './forbidden.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that is not there or is going; the built-in namespaces stay. */
export function requireLiveNamespace(request: AdmissionRequest, _context: StrategyContext, lookups: Lookups): void {
  if (request.operation === 'DELETE' && request.group === '' && request.kind === 'Namespace' && IMMORTAL.has(request.name ?? '')) {
    throw forbidden(request, 'this namespace cannot be deleted');
  }
  if (request.namespace === undefined || request.operation !== 'CREATE' || request.kind === 'Namespace') return;
  if (request.kind === 'LocalSubjectAccessReview') return;
  const namespace = lookups.get('', 'Namespace', undefined, request.namespace);
  if (namespace === undefined) {
    throw new StatusError({ code: 404, reason: 'NotFound', message: `namespaces "${request.namespace}" not found`, details: { name: request.namespace, kind: 'namespaces' } });
  }
  if (namespace.metadata.deletionTimestamp == null && namespace['status']?.phase !== 'Terminating') return;
  throw new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${request.plural} "${request.object?.metadata.name ?? ''}" is forbidden: namespace ${request.namespace} is being terminated`,
    details: { name: request.object?.metadata.name, kind: request.plural, group: request.group, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${request.namespace} is being terminated`, field: 'metadata.namespace' }] },
  });
}
