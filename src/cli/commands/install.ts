import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { CustomResourceDefinitions, Deployments } from '../../client/kinds.ts';
import { isNotFound } from '../../client/status-error.ts';
import { HEALTH_NAMESPACE } from '../../controllers/health/observe.ts';
import { useCluster, withAccess, type AccessOptions } from '../cluster-access.ts';
import { deleteApplications } from '../install/delete-applications.ts';
import { installObjects } from '../install/objects.ts';
import { applyObjects, resourceOf } from '../operations/apply-manifests.ts';
import { waitFor } from '../operations/wait-for.ts';
import { packageVersion } from '../program.ts';
import type { Terminal } from '../terminal.ts';

interface InstallCommandOptions extends AccessOptions {
  readonly image: string;
  readonly routerImage?: string;
  readonly router: 'haproxy' | 'builtin';
  readonly recordSize: string;
  readonly storageClass?: string;
  readonly dryRun?: boolean;
  readonly wait: boolean;
}

const NAMESPACE = HEALTH_NAMESPACE;
const DEPLOYMENT = 'aweigh-controllers';
const READY_DEADLINE_MS = 300_000;

function chosenObjects(options: InstallCommandOptions) {
  return installObjects({
    namespace: options.namespace ?? NAMESPACE, image: options.image, routerImage: options.routerImage ?? options.image, router: options.router,
    ...(options.recordSize !== '0' && { recordSize: options.recordSize }), ...(options.storageClass !== undefined && { storageClass: options.storageClass }),
  });
}

const withShape = (command: Command): Command => command
  .addOption(new Option('--image <image>', 'has aweigh, git and sh on its PATH; deploy/Dockerfile makes one').default(`aweigh:${packageVersion()}`))
  .option('--router-image <image>', 'has sh and the router on its PATH (default: the same)')
  .addOption(new Option('--router <kind>', 'what `router.kind: auto` means').choices(['haproxy', 'builtin']).default('haproxy'))
  .option('--record-size <quantity>', "size of the record's volume claim; 0: none, for a record with a remote", '1Gi')
  .option('--storage-class <name>', "of the record's volume claim (default: the cluster's)");

export function installCommand(terminal: Terminal): Command {
  return withShape(withAccess(new Command('install').description(`run Aweigh's controllers in a cluster (namespace ${NAMESPACE}): kinds, roles, a Deployment; again, to change or upgrade it`)))
    .option('--dry-run', 'print what would be applied, as YAML').option('--no-wait', 'do not wait until it is ready')
    .action(async (options: InstallCommandOptions) => {
      const objects = chosenObjects(options);
      if (options.dryRun === true) {
        terminal.out.write(objects.map((o) => stringify(o)).join('---\n'));
        return;
      }
      await useCluster(terminal, { ...options, namespace: options.namespace ?? NAMESPACE }, async ({ client, namespace }) => {
        for (const applied of await applyObjects(client, objects, 'the installation', namespace)) terminal.out.write(`Applied ${applied}\n`);
        if (!options.wait) return;
        const name = DEPLOYMENT;
        terminal.out.write(`Waiting until Deployment ${namespace}/${name} is available\n`);
        await waitFor(`Deployment ${namespace}/${name} to be available; 'kubectl -n ${namespace} describe pods' says what keeps it`, { clock: terminal.clock, deadlineMs: READY_DEADLINE_MS, signal: terminal.signal }, async () => {
          const deployment = await client.get(Deployments, { namespace, name });
          return deployment.status?.observedGeneration === deployment.metadata?.generation && deployment.status?.availableReplicas === 1 && deployment.status.updatedReplicas === 1 ? true : undefined;
        });
        terminal.out.write(`Aweigh runs in ${namespace}; apply an Application and push a Build\n`);
      });
    });
}

export function uninstallCommand(terminal: Terminal): Command {
  return withAccess(new Command('uninstall').description("take Aweigh's controllers out of a cluster; Applications and what runs for them stay"))
    .option('--delete-record', 'also delete the namespace, and with it the volume of the record')
    .option('--delete-kinds', 'also delete the aweigh.dev kinds, and with them every Application and all its pods')
    .action((options: AccessOptions & { deleteKinds?: boolean; deleteRecord?: boolean }) => useCluster(terminal, { ...options, namespace: options.namespace ?? NAMESPACE }, async ({ client, namespace }) => {
      if (options.deleteKinds === true) await deleteApplications(client, { namespace, name: DEPLOYMENT }, terminal);
      const objects = installObjects({ namespace, image: '', routerImage: '', router: 'haproxy', recordSize: '1Gi' }).filter((o) => (options.deleteKinds === true || o.kind !== CustomResourceDefinitions.kind)
        && (options.deleteRecord === true || (o.kind !== 'Namespace' && o.kind !== 'PersistentVolumeClaim')));
      for (const object of objects.toReversed()) {
        const found = await resourceOf(client, object, 'the installation');
        const key = { ...(found.namespaced && { namespace }), name: object.metadata?.name ?? '' };
        await client.delete(found, key, { propagation: 'Background' }).then(() => terminal.out.write(`Deleted ${object.kind} ${key.name}\n`), (e: unknown) => { if (!isNotFound(e)) throw e; });
      }
    }));
}
