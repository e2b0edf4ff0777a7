import type { ControllerFactory } from '../../runtime/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';

/** What Kubernetes's controller manager does, on any Kubernetes API. */
export const engineControllers: readonly ControllerFactory[] = [deploymentController, replicaSetController];
