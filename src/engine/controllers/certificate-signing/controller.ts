import type { Client } from '../../../client/client.ts';
import { CertificateSigningRequests } from '../../../client/kinds.ts';
import { keyOf } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import type { CertificateSigningRequest } from '../../../kubernetes/types.generated.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { awaitsApproval, kubeletApproval } from './approve-kubelets.ts';
import { isOwnSigner, refusal } from './signer-rules.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** The cluster's authority, as far as this controller needs it. */
export interface CertificateSigner {
  /** The subject of a PKCS#10 request, PEM.
   *  @throws {Error} for what is no request */
  read(requestPem: string): Promise<CertificateRequest>;
  /** Signs a request as it stands.
   *  @throws {Error} when it is not signed by its own key */
  sign(requestPem: string, options: { readonly lifetimeMs: number; readonly usages: readonly string[] }): Promise<string>;
}

const defaultLifetimeSeconds = 365 * 24 * 3600;

/** Signs approved requests for the cluster's own signers; one that breaks its signer's rules is marked Failed. A kubelet's request for itself is approved where roles allow it. */
export function certificateSigningController(signer: CertificateSigner): ControllerFactory {
  return (context) => ({
    name: 'certificate-signing',
    sources: [source(CertificateSigningRequests, (r) => [keyOf(r)])],
    workers: 1,
    async reconcile(key) {
      const request = context.informer(CertificateSigningRequests).get(key);
      if (request !== undefined && awaitsApproval(request)) {
        const why = await kubeletApproval(request, signer, context.client);
        if (why !== undefined) await approve(context.client, request, why, new Date(context.clock.now()).toISOString());
        return {};
      }
      if (request === undefined || !isDue(request)) return {};
      const status = await decide(request, signer, new Date(context.clock.now()).toISOString());
      await context.client.updateStatus(CertificateSigningRequests, { ...request, status: { ...request.status, ...status } }).catch((e: unknown) => {
        if (!isNotFound(e) && !isConflict(e)) throw e;
      });
      return {};
    },
  });
}

async function approve(client: Client, request: CertificateSigningRequest, message: string, now: string): Promise<void> {
  const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, lastUpdateTime: now, lastTransitionTime: now };
  const body = { ...request, apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', status: { ...request.status, conditions: [...(request.status?.conditions ?? []), approved] } };
  const path = `/apis/certificates.k8s.io/v1/certificatesigningrequests/${request.metadata?.name}/approval`;
  const { status, body: answer } = await client.raw('PUT', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  // Gone, or changed meanwhile: the change comes here too.
  if (status >= 300 && status !== 404 && status !== 409) throw new Error(`The API server answered ${status} to the approval: ${answer.toString().slice(0, 500)}`);
}

function isDue({ spec, status }: CertificateSigningRequest): boolean {
  const has = (type: string): boolean => status?.conditions?.some((c) => c.type === type && c.status === 'True') === true;
  return isOwnSigner(spec.signerName) && has('Approved') && !has('Denied') && !has('Failed') && (status?.certificate ?? '') === '';
}

async function decide({ spec, status }: CertificateSigningRequest, signer: CertificateSigner, now: string): Promise<NonNullable<CertificateSigningRequest['status']>> {
  const pem = Buffer.from(spec.request, 'base64').toString();
  const usages = spec.usages ?? [];
  const failed = (message: string): NonNullable<CertificateSigningRequest['status']> => ({
    conditions: [...(status?.conditions ?? []), { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message, lastTransitionTime: now, lastUpdateTime: now }],
  });
  try {
    const why = refusal({ ...(await signer.read(pem)), signerName: spec.signerName, usages });
    if (why !== undefined) return failed(why);
    const lifetimeMs = Math.min(spec.expirationSeconds ?? defaultLifetimeSeconds, defaultLifetimeSeconds) * 1000;
    return { certificate: Buffer.from(await signer.sign(pem, { lifetimeMs, usages })).toString('base64') };
  } catch (e) {
    return failed(e instanceof Error ? e.message : String(e));
  }
}
