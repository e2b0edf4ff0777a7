import type { CertificateSigningRequest } from '../../../kubernetes/types.generated.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import { equal } from '../patch/json.ts';
import type { AdmissionRequest } from './admission.ts';
import { forbidden } from './forbidden.ts';

const group = 'certificates.k8s.io';
const decisions = new Set(['Approved', 'Denied']);

/** Who approves or denies needs the verb `approve` for the signer, who puts the certificate in needs `sign`; each writes only what is theirs.
 *  @throws {StatusError} 403 */
export function checkCertificateDecision(request: AdmissionRequest, context: StrategyContext): void {
  if (request.kind !== 'CertificateSigningRequest' || request.group !== group || request.operation !== 'UPDATE' || request.object === undefined || request.old === undefined) return;
  const [now, old] = [request.object, request.old].map((o) => o as unknown as CertificateSigningRequest) as [CertificateSigningRequest, CertificateSigningRequest];
  if (request.subresource === 'approval') {
    refuseUnless(request, context, 'approve', old.spec.signerName);
    now.status = { ...now.status, ...(old.status?.certificate === undefined ? { certificate: undefined } : { certificate: old.status.certificate }) };
    if (now.status.certificate === undefined) delete now.status.certificate;
  }
  if (request.subresource === 'status') {
    const decided = (r: CertificateSigningRequest): NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']> => (r.status?.conditions ?? []).filter((c) => decisions.has(c.type));
    if (!equal(decided(now), decided(old))) throw forbidden(request, 'Approved and Denied are written through the subresource approval');
    if ((now.status?.certificate ?? '') !== (old.status?.certificate ?? '')) refuseUnless(request, context, 'sign', old.spec.signerName);
  }
}

function refuseUnless(request: AdmissionRequest, { user, access }: StrategyContext, verb: 'approve' | 'sign', signer: string): void {
  const names = [signer, `${signer.split('/')[0] ?? ''}/*`];
  if (names.some((name) => access.decide(user, { kind: 'resource', verb, group, resource: 'signers', name }).allowed)) return;
  throw forbidden(request, `user "${user.username}" may not ${verb} requests for the signer "${signer}": they need the verb ${verb} on the resource signers with that name`);
}
