import type { Client } from '../../../client/client.ts';
import { SubjectAccessReviews } from '../../../client/kinds.ts';
import type { CertificateSigningRequest } from '../../../kubernetes/types.generated.ts';
import type { CertificateSigner } from './controller.ts';
import { refusal } from './signer-rules.ts';

const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';

/** Whether a request waits for a decision that may be made without a person: a kubelet's own client certificate. */
export function awaitsApproval({ spec, status }: CertificateSigningRequest): boolean {
  return spec.signerName === KUBELET_CLIENT && (status?.certificate ?? '') === '' && !(status?.conditions ?? []).some((c) => c.type === 'Approved' || c.type === 'Denied' || c.type === 'Failed');
}

/**
 * Why a kubelet's request is good, as text for its condition; undefined: a person decides. Who asked must be allowed to
 * get a certificate for itself (`selfnodeclient`: a kubelet that renews) or for any node (`nodeclient`: one that joins).
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#approval
 */
export async function kubeletApproval({ spec }: CertificateSigningRequest, signer: CertificateSigner, client: Client): Promise<string | undefined> {
  let asked;
  try {
    asked = await signer.read(Buffer.from(spec.request, 'base64').toString());
  } catch {
    return undefined;
  }
  if (refusal({ ...asked, signerName: spec.signerName, usages: spec.usages ?? [] }) !== undefined) return undefined;
  const subresources = asked.commonName === spec.username ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
  for (const subresource of subresources) {
    const review = await client.create(SubjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {},
      spec: {
        user: spec.username ?? '', ...(spec.groups && { groups: spec.groups }), ...(spec.uid && { uid: spec.uid }), ...(spec.extra && { extra: spec.extra }),
        resourceAttributes: { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource },
      },
    });
    if (review.status?.allowed === true) return `Approved by itself: ${spec.username} may create certificatesigningrequests/${subresource}`;
  }
  return undefined;
}
