import type { CustomResourceDefinition } from '../kubernetes/types.generated.ts';
import { applicationCrd } from './application/crd.ts';
import { buildCrd } from './build/crd.ts';
import { deliveryCrd } from './delivery/crd.ts';
import { recordRepositoryCrd } from './record-repository/crd.ts';
import { healthPolicyCrd } from './health-policy/crd.ts';
import { notificationCrd } from './notification/crd.ts';
import { notificationChannelCrd } from './notification-channel/crd.ts';
import { releaseCrd } from './release/crd.ts';
import { releasePolicyCrd } from './release-policy/crd.ts';
import { routerCrd } from './router/crd.ts';
import { silenceCrd } from './silence/crd.ts';
import { sourceCrd } from './source/crd.ts';

/** Every kind of the group aweigh.dev, as a cluster must know it before anything else of Aweigh works. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] = [applicationCrd, buildCrd, releaseCrd, deliveryCrd, releasePolicyCrd, routerCrd, recordRepositoryCrd, healthPolicyCrd, notificationChannelCrd, notificationCrd, silenceCrd, sourceCrd];
