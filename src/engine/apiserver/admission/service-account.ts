import type { Container, PodSpec, ServiceAccount } from '../../../kubernetes/types.generated.ts';
import type { StrategyContext } from '../kinds/strategy.ts';
import type { AdmissionRequest, Lookups } from './admission.ts';
import { forbidden, isPodCreate } from './forbidden.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
/** An hour, and a little so that kubelets can tell a default from a wish. */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;
const SUFFIX_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Gives a pod its service account, the account's pull secrets and a volume with its token. */
export function mountServiceAccount(request: AdmissionRequest, context: StrategyContext, lookups: Lookups): void {
  if (!isPodCreate(request) || request.object === undefined) return;
  const spec = request.object['spec'] as PodSpec;
  if (request.object.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return;
  const name = spec.serviceAccountName ?? 'default';
  spec.serviceAccountName = spec.serviceAccount = name;
  const account = lookups.get('', 'ServiceAccount', request.namespace, name) as ServiceAccount | undefined;
  if (account === undefined) throw forbidden(request, `service account ${request.namespace}/${name} is not there: create it or name another in spec.serviceAccountName`);
  if ((spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) === true) mountToken(spec, context);
  if ((spec.imagePullSecrets?.length ?? 0) === 0 && (account.imagePullSecrets?.length ?? 0) > 0) spec.imagePullSecrets = account.imagePullSecrets?.map((secret) => ({ ...secret }));
}

function mountToken(spec: PodSpec, context: StrategyContext): void {
  const existing = spec.volumes?.find((volume) => volume.name.startsWith('kube-api-access-'));
  const name = existing?.name ?? `kube-api-access-${suffix(context)}`;
  let mounted = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((m) => m.mountPath === MOUNT_PATH) === true) return;
    (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: MOUNT_PATH });
    mounted = true;
  };
  for (const container of spec.initContainers ?? []) mount(container);
  for (const container of spec.containers ?? []) mount(container);
  if (!mounted || existing !== undefined) return;
  (spec.volumes ??= []).push({
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: FILE_MODE,
    },
  });
}

function suffix(context: StrategyContext): string {
  const random = context.uid();
  let text = '';
  for (let i = 0; i < 5; i++) text += SUFFIX_CHARACTERS[(random.charCodeAt(i) * 7 + random.charCodeAt(i + 24) * 3) % SUFFIX_CHARACTERS.length];
  return text;
}
