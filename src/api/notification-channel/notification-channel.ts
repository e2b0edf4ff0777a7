import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/**
 * One way to reach people. A channel in `aweigh-system` hears of every namespace, any other of its own alone. Exactly one of `slack`, `email`
 * and `webhook` is set. What is secret stands in the Secret that it names, in its own namespace.
 */
export interface NotificationChannel extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: NotificationChannelSpec;
  status?: NotificationChannelStatus;
}

export interface NotificationChannelSpec {
  /** The Secret's key `url` is the incoming webhook. */
  slack?: { secretName: string };
  /** The Secret's keys `username` and `password` log in, its `ca.crt` is trusted; without a Secret there is no login. */
  email?: { host: string; port?: number; tls?: 'starttls' | 'implicit' | 'none'; from: string; to: string[]; secretName?: string };
  /** The Secret's key `url` is where to POST, `authorization` becomes that header, `signing-key` signs the body. */
  webhook?: { secretName: string };
  /** What it hears of. Absent: everything. */
  match?: ChannelMatch;
  /** How long what goes wrong together is collected before the first word. Default 1. */
  groupWaitSeconds?: number;
  /** Time between two messages about what became wrong. Default 10. */
  groupIntervalSeconds?: number;
  /** How long the recovery of a part of what was told together waits for the rest. Default 60. */
  recoveryWaitSeconds?: number;
}

export interface ChannelMatch {
  /** Default `warning`. */
  minimumSeverity?: 'warning' | 'critical';
  /** Only in `aweigh-system`. Default: all. */
  namespaces?: string[];
  /** Names of services. Default: all. */
  services?: string[];
}

export interface NotificationChannelStatus {
  observedGeneration?: number;
  /** `Delivering`: False while the oldest message is refused. */
  conditions?: Condition[];
  lastDeliveredAt?: string;
}

export const CHANNEL_DEFAULTS = { groupWaitSeconds: 1, groupIntervalSeconds: 10, recoveryWaitSeconds: 60, minimumSeverity: 'warning' } as const;
