export const GROUP = 'aweigh.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Labels that Aweigh puts on what it makes; the plain ones are the names that Bitmovin's installation used. */
export const LABELS = {
  app: 'app',
  tier: 'tier',
  track: 'track',
  loadBalancer: 'lb',
  version: 'version',
  application: 'aweigh.dev/application',
  build: 'aweigh.dev/build',
  release: 'aweigh.dev/release',
  /** On router pods: the name of their Router. */
  router: 'aweigh.dev/router',
} as const;

/** A condition as in Kubernetes (`metav1.Condition`). */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** PascalCase. */
  reason: string;
  message: string;
  /** RFC 3339. */
  lastTransitionTime: string;
  observedGeneration?: number;
}
