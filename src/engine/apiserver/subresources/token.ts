import type { Pod } from '../../../kubernetes/types.generated.ts';
import { issuer, type BoundObject } from '../auth/service-account-tokens.ts';
import { invalid, notFound, conflict } from '../api-error.ts';
import { timestamp } from '../context.ts';
import { subjectOf, type ApiRequest } from '../http/api-request.ts';
import { replyValue } from '../http/reply.ts';
import { admitSubresource } from './admit-subresource.ts';
import { decodeRequest } from '../requests/decode-request.ts';
import { readRecord } from '../requests/read.ts';

interface TokenSpec { audiences?: string[] | null; expirationSeconds?: number | null; boundObjectRef?: { kind?: string; name?: string; uid?: string; apiVersion?: string } }

/** TokenRequest: a signed token of the service account, for 10 minutes to 2^32 seconds (default one hour). */
export async function handleToken(request: ApiRequest): Promise<void> {
  const wanted = await admitSubresource(request, 'CREATE', await decodeRequest(request, { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }));
  const { metadata } = readRecord(request).object;
  const spec = (wanted['spec'] ?? {}) as TokenSpec;
  const { boundObjectRef } = spec;
  const audiences = spec.audiences ?? [];
  const expirationSeconds = spec.expirationSeconds ?? 3600;
  if (expirationSeconds < 600 || expirationSeconds > 2 ** 32) throw invalid('authentication.k8s.io', 'TokenRequest', '', [{ type: 'Invalid', field: 'spec.expirationSeconds', value: expirationSeconds, detail: 'It must be 600 to 4294967296 seconds' }]);
  const asked = audiences.length === 0 ? [issuer] : audiences;
  const bound = boundObjectRef === undefined || boundObjectRef === null ? undefined : boundObject(request, boundObjectRef);
  const { token, expiresAtMs } = await request.api.tokens.issue({ namespace: request.namespace ?? '', name: request.name ?? '', uid: metadata?.uid ?? '', audiences: asked, lifetimeSeconds: expirationSeconds, ...(bound && { bound, ...nodeOf(request, bound) }) });
  replyValue(request.req, request.res, 201, {
    kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: request.name, namespace: request.namespace, creationTimestamp: timestamp(request.api.clock.now()) },
    spec: { audiences: asked, expirationSeconds, boundObjectRef: boundObjectRef ?? null }, status: { token, expirationTimestamp: timestamp(expiresAtMs) },
  });
}

/** Where a pod runs that a token is bound to. */
function nodeOf(request: ApiRequest, { kind, name }: BoundObject): { readonly node?: { readonly name: string; readonly uid?: string } } {
  if (kind !== 'Pod') return {};
  const { nodeName } = (request.api.lookups.get('', 'Pod', request.namespace, name) as Pod | undefined)?.spec ?? {};
  if (nodeName === undefined) return {};
  const uid = request.api.lookups.get('', 'Node', undefined, nodeName)?.metadata.uid;
  return { node: { name: nodeName, ...(uid !== undefined && { uid }) } };
}

function boundObject(request: ApiRequest, ref: NonNullable<TokenSpec['boundObjectRef']>): BoundObject {
  const { kind = '', name = '', uid } = ref;
  if (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') throw invalid('authentication.k8s.io', 'TokenRequest', '', [{ type: 'NotSupported', field: 'spec.boundObjectRef.kind', value: kind, detail: 'Pod, Secret, Node' }]);
  const found = request.api.lookups.get('', kind, kind === 'Node' ? undefined : request.namespace, name);
  const subject = { group: '', plural: `${kind.toLowerCase()}s`, name };
  if (found === undefined) throw notFound(subject);
  if (uid !== undefined && uid !== '' && uid !== found.metadata.uid) throw conflict(subjectOf(request), `the UID in the bound object reference (${uid}) does not match the UID in record (${found.metadata.uid})`);
  return { kind, name, uid: found.metadata.uid ?? '' };
}
