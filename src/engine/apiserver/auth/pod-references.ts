/** What a pod names in its namespace, and so what its node has to read. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  /** ResourceClaims, also those that were made for the pod from a template. */
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccount: string | undefined;
}

/** Fields that hold a reference, by what they refer to; the volume plugins have theirs under many names that end alike. */
const SECRET = /^(?:secret|secretRef|secretKeyRef|\w+SecretRef)$/;
const CONFIG_MAP = /^(?:configMap|configMapRef|configMapKeyRef)$/;

export function referencesOf(pod: { readonly metadata?: { readonly name?: string | undefined }; readonly spec?: unknown; readonly status?: unknown }): PodReferences {
  const found = { secrets: new Set<string>(), configMaps: new Set<string>(), claims: new Set<string>() };
  const spec = (pod.spec ?? {}) as { serviceAccountName?: string; imagePullSecrets?: { name?: string }[]; volumes?: { name?: string; ephemeral?: unknown }[] };
  for (const { name } of spec.imagePullSecrets ?? []) if (name) found.secrets.add(name);
  // A claim that a pod makes for itself is named after the pod and the volume.
  for (const volume of spec.volumes ?? []) if (volume.ephemeral !== undefined) found.claims.add(`${pod.metadata?.name}-${volume.name}`);
  visit(spec, found);
  return { ...found, resourceClaims: resourceClaimsOf(pod), serviceAccount: spec.serviceAccountName };
}

function resourceClaimsOf({ spec, status }: { readonly spec?: unknown; readonly status?: unknown }): Set<string> {
  type Named = { resourceClaimName?: string };
  const { resourceClaims = [] } = (spec ?? {}) as { resourceClaims?: Named[] };
  const { resourceClaimStatuses = [], extendedResourceClaimStatus } = (status ?? {}) as { resourceClaimStatuses?: Named[]; extendedResourceClaimStatus?: Named };
  return new Set([...resourceClaims, ...resourceClaimStatuses, extendedResourceClaimStatus ?? {}].flatMap(({ resourceClaimName }) => (resourceClaimName ? [resourceClaimName] : [])));
}

function visit(value: unknown, found: { secrets: Set<string>; configMaps: Set<string>; claims: Set<string> }): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [field, child] of Object.entries(value)) {
    if (field === 'secretName' && typeof child === 'string') found.secrets.add(child);
    else if (field === 'claimName' && typeof child === 'string') found.claims.add(child);
    else if (typeof child === 'object' && child !== null) {
      const { name } = child as { name?: unknown };
      if (typeof name === 'string' && SECRET.test(field)) found.secrets.add(name);
      if (typeof name === 'string' && CONFIG_MAP.test(field)) found.configMaps.add(name);
      visit(child, found);
    }
  }
}
