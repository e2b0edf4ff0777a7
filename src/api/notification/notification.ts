import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';

/**
 * One message to one channel, kept from its decision until some days after its delivery: so no kill loses one, and everybody can see what was
 * told to whom. Its spec never changes. Names ascend in the order of delivery.
 */
export interface Notification extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: NotificationSpec;
  status?: NotificationStatus;
}

export interface NotificationSpec {
  /** The NotificationChannel, in the same namespace. */
  channel: string;
  kind: 'firing' | 'resolved';
  severity: 'critical' | 'warning';
  /** Equal in every attempt: where a kill makes a message come twice, the receiver knows it by this. */
  dedupeKey: string;
  /** Keys of the messages that this one closes. */
  closes?: string[];
  subject: string;
  text: string;
  /** The worst first, at most 100. */
  alerts: NotifiedAlert[];
  /** All, where there are more than `alerts` holds. */
  total: number;
}

export interface NotifiedAlert {
  namespace: string;
  service: string;
  subject: string;
  rule: string;
  severity: 'critical' | 'warning';
  message: string;
  value?: number;
  wanted?: number;
  /** RFC 3339. */
  since: string;
  healedAt?: string;
  next?: string;
}

export interface NotificationStatus {
  /** Absent: it is still to be delivered. */
  deliveredAt?: string;
  attempts?: number;
  /** Set while an attempt is under way, so that two leaders do not try at once. */
  attemptStartedAt?: string;
  nextAttemptAt?: string;
  /** Why the last attempt failed; never holds an address or a secret. */
  lastError?: string;
}
