import { randomUUID } from 'node:crypto';
import { AuthorizerValue } from '../../cel/authorizer.ts';
import { celValue } from '../../cel/values.ts';
import type { StrategyContext } from '../../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from '../admission.ts';
import { namespaceOf } from './selectors.ts';

/** The names that every expression of admission may use. */
export const requestVariables = ['object', 'oldObject', 'request', 'namespaceObject', 'authorizer'] as const;

/** The request as an AdmissionReview has it, without the objects. `kind` and `resource` are those that a rule matched. */
export function describeRequest(request: AdmissionRequest, context: StrategyContext): { readonly uid: string } & Record<string, unknown> {
  const { group, version, kind, plural, subresource, namespace, operation, dryRun } = request;
  const { username, uid, groups, extra } = context.user;
  const [gvk, gvr] = [{ group, version, ...request.objectKind, kind }, { group, version, resource: plural }];
  const came = request.original ?? request;
  const name = request.name ?? request.object?.metadata.name;
  return {
    uid: randomUUID(), kind: gvk, resource: gvr, ...(subresource !== undefined && { subResource: subresource }),
    requestKind: { group: came.group, version: came.version, ...came.objectKind, kind: came.kind }, requestResource: { group: came.group, version: came.version, resource: came.plural }, ...(subresource !== undefined && { requestSubResource: subresource }),
    ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }), operation,
    userInfo: { username, ...(uid !== undefined && { uid }), groups: [...groups], ...(extra && { extra }) },
    dryRun, ...(operation !== 'CONNECT' && { options: { kind: `${operation === 'CREATE' ? 'Create' : operation === 'UPDATE' ? 'Update' : 'Delete'}Options`, apiVersion: 'meta.k8s.io/v1', ...(dryRun && { dryRun: ['All'] }) } }),
  };
}

/** The values of {@link requestVariables}; each is made when an expression first reads it. */
export function requestValues(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): Record<string, unknown> {
  return lazily({
    object: () => celValue(request.object),
    oldObject: () => celValue(request.old),
    request: () => celValue(describeRequest(request, context)),
    namespaceObject: () => celValue(namespaceOf(request, lookups)),
    authorizer: () => new AuthorizerValue(context.access, context.user),
  });
}

/** An object whose fields are computed once, when they are read. */
export function lazily(fields: Readonly<Record<string, () => unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name in fields) {
    Object.defineProperty(result, name, {
      configurable: true, enumerable: true,
      get() {
        const value = (fields[name] as () => unknown)();
        Object.defineProperty(result, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return result;
}
