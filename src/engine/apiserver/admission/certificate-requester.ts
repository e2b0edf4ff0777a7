import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest } from './admission.ts';
import { forbidden } from './forbidden.ts';

/** Members of system:masters are not signed for through this signer. The requester's name is set by the kind's strategy. */
export function setRequester(request: AdmissionRequest, _context: StrategyContext): void {
  if (request.kind !== 'CertificateSigningRequest' || request.operation !== 'CREATE' || request.object === undefined) return;
  const spec = request.object['spec'] as { signerName?: string; request?: string };
  if (spec.signerName !== 'kubernetes.io/kube-apiserver-client') return;
  const pem = Buffer.from(spec.request ?? '', 'base64').toString();
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('latin1');
  if (der.includes('system:masters')) throw forbidden(request, 'no certificate of the group system:masters is signed by this signer');
}
