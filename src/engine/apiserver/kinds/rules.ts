import type { KindRules } from './built-in-kind.ts';
import { controllerRevision } from './apps/controller-revision.ts';
import { daemonSet } from './apps/daemon-set.ts';
import { deployment } from './apps/deployment.ts';
import { replicaSet } from './apps/replica-set.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { cronJob } from './batch/cron-job.ts';
import { job } from './batch/job.ts';
import { configMap } from './core/config-map.ts';
import { limitRange, resourceQuota } from './core/limits.ts';
import { namespace } from './core/namespace.ts';
import { pod } from './core/pod/pod.ts';
import { secret } from './core/secret.ts';
import { service } from './core/service.ts';
import { endpoints, event, node, podTemplate, replicationController, serviceAccount } from './core/small-kinds.ts';
import { persistentVolume, persistentVolumeClaim } from './core/storage.ts';

export const builtInRules: readonly KindRules[] = [
  configMap, endpoints, event, limitRange, namespace, node, persistentVolume, persistentVolumeClaim, pod, podTemplate, replicationController, resourceQuota, secret, service, serviceAccount,
  controllerRevision, daemonSet, deployment, replicaSet, statefulSet, cronJob, job,
];
