/** What a signer of the cluster signs. https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers */
interface SignerRules {
  readonly needs: string;
  readonly allows: readonly string[];
  /** The subject is a node's: group system:nodes, name system:node:NAME. */
  readonly nodeOnly: boolean;
}

const usages = (needs: string): Pick<SignerRules, 'needs' | 'allows'> => ({ needs, allows: ['digital signature', 'key encipherment', needs] });

const signers: Readonly<Record<string, SignerRules>> = {
  'kubernetes.io/kube-apiserver-client': { ...usages('client auth'), nodeOnly: false },
  'kubernetes.io/kube-apiserver-client-kubelet': { ...usages('client auth'), nodeOnly: true },
  'kubernetes.io/kubelet-serving': { ...usages('server auth'), nodeOnly: true },
};

export interface CertificateWish {
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export const isOwnSigner = (name: string): boolean => name in signers;

/** Why this signer does not sign the request; undefined: it does. */
export function refusal({ signerName, usages: asked, commonName, organizations }: CertificateWish): string | undefined {
  const rules = signers[signerName];
  if (rules === undefined) return `${signerName} is not a signer of this cluster`;
  if (!asked.includes(rules.needs)) return `usages must contain '${rules.needs}'`;
  const other = asked.find((u) => !rules.allows.includes(u));
  if (other !== undefined) return `usage '${other}' is not allowed: ${rules.allows.join(', ')} are`;
  if (!rules.nodeOnly) return undefined;
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') return 'the organization must be system:nodes alone';
  return commonName.startsWith('system:node:') ? undefined : 'the common name must begin with system:node:';
}
