/**
 * Records the roles and bindings that every cluster starts with, as a real API server of the supported version holds them, into
 * `src/kubernetes/data/roles.json`. The rules of aggregated roles are left out: aggregation fills them in.
 * usage: node scripts/generate-roles.ts KUBECONFIG      of a fresh cluster, with rights to list roles
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '../src/client/https-client.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { resource, type KubernetesObject } from '../src/client/resource.ts';

type AccessObject = KubernetesObject & { rules?: unknown; aggregationRule?: unknown; roleRef?: unknown; subjects?: unknown };

const kubeconfig = process.argv[2];
if (kubeconfig === undefined) {
  console.error('usage: node scripts/generate-roles.ts KUBECONFIG');
  process.exit(2);
}
const client = createClient(await loadKubeconfig(kubeconfig));
const kinds = [['clusterroles', 'ClusterRole', false], ['clusterrolebindings', 'ClusterRoleBinding', false], ['roles', 'Role', true], ['rolebindings', 'RoleBinding', true]] as const;
const recorded: Record<string, object[]> = {};
try {
  for (const [plural, kind, namespaced] of kinds) {
    const { items } = await client.list(resource<AccessObject>('rbac.authorization.k8s.io', 'v1', plural, kind, namespaced), {});
    recorded[plural] = items
      .filter((object) => object.metadata?.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults')
      .map(({ metadata, rules, aggregationRule, roleRef, subjects }) => ({
        metadata: { name: metadata?.name, ...(metadata?.namespace && { namespace: metadata.namespace }), labels: metadata?.labels, annotations: metadata?.annotations },
        ...(aggregationRule ? { aggregationRule } : rules ? { rules } : {}),
        ...(roleRef ? { roleRef } : {}), ...(subjects ? { subjects } : {}),
      }));
  }
} finally {
  client.close();
}
writeFileSync(join(import.meta.dirname, '../src/kubernetes/data/roles.json'), `${JSON.stringify(recorded)}\n`);
