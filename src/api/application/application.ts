import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { HorizontalPodAutoscalerBehavior, MetricSpec, ObjectMeta, PodTemplateSpec } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';
import type { GatewayRouting } from '../router/gateway.ts';
import type { SegmentRule, TokenSource, UserIdSource } from '../router/identity.ts';

/** An application that is released in stages. One template makes the specs of all its tracks. */
export interface Application extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: ApplicationSpec;
  status?: ApplicationStatus;
}

export interface ApplicationSpec {
  /** Pod template; the strings `${image}`, `${version}`, `${track}`, `${application}`, `${commit}` in it are filled in for each track. */
  template: PodTemplateSpec;
  /** Ports of the track Services and the router Service. The first is the one that the router forwards. */
  ports: ApplicationPort[];
  /** In the order that a release takes; the last is production: it has no segment and takes all that no other track takes. */
  tracks: Track[];
  router?: RouterTemplate;
  /** Segment of a request without `X-Traffic-Group`. Default `PAID`. */
  defaultSegment?: string;
  /** Where the stable user id is read. Default header `X-User-Id`. */
  userId?: UserIdSource;
  /** `never` (default): a user's bucket is the same in every release. */
  reshuffle?: 'never' | 'perRelease';
  /** How long requests sent before a switch may take. Default 10. */
  drainSeconds?: number;
  /** How long the production version that left stays at full size for a rollback. Default 0. */
  keepWarmSeconds?: number;
  /** How users leave a version that is put back. Default: all at once. */
  abort?: AbortRules;
  /** How long a track may take until all its pods are ready. Default 300. */
  progressDeadlineSeconds?: number;
  /** Kept Builds for rollback. Default 10. */
  buildHistoryLimit?: number;
  /** How the ConfigMaps and Secrets that the template names are released. */
  config?: ConfigRules;
  /** Times in which no promotion comes to a further track. Rollbacks, hotfixes and what a person promotes go on. */
  freezeWindows?: FreezeWindow[];
  /** Fields of recorded objects that somebody else sets: `mend` (default) sets them back, `adopt` takes them into the record, `report` shows them until the record changes the object. */
  driftPolicy?: 'mend' | 'adopt' | 'report';
  /** No automation while true: nothing is released until a person resumes. */
  hold?: boolean;
}

/** Each Build reads copies of its ConfigMaps and Secrets from when it was new, so that they are released and rolled back with it. */
export interface ConfigRules {
  /** Names of ConfigMaps and Secrets that all Builds read as they are, such as feature flags. */
  shared?: string[];
  /** `wait` (default): the next Build takes changed ConfigMaps along; `release`: a change makes a Build of its own, of the image that is furthest ahead. */
  onChange?: 'wait' | 'release';
}

/** Users leave in steps, so that what takes them over is not overrun. Rollbacks, strict tracks and tracks below their floor go at once. */
export interface AbortRules {
  /** What is left of the version's share after each step, in percent, such as [50, 20]; nothing is left by itself at the end. */
  steps: number[];
  /** Between two steps. */
  intervalSeconds: number;
  /** True: also where a gate, a hook or the endpoints failed. Default false: only where a person aborts. */
  onFailure?: boolean;
}

export interface FreezeWindow {
  name: string;
  /** When it begins: five cron fields. */
  schedule: string;
  durationSeconds: number;
  /** IANA name. Default UTC. */
  timeZone?: string;
  reason?: string;
}

export interface ApplicationPort {
  name: string;
  port: number;
  /** Container port, by number or name. Default: `port`. */
  targetPort?: number | string;
  protocol?: 'TCP';
  /** What is spoken on it: `kubernetes.io/h2c` or `grpc` for HTTP/2 in clear text. Default HTTP/1.1, WebSocket included. */
  appProtocol?: string;
}

export interface Track {
  /** `internal`, `free`, `paid`, `production`, or the Application's own. */
  name: string;
  /** The word for this track in the names of Services and Deployments. Default: `canary` for `free`, else the name. */
  resourceName?: string;
  replicas: number;
  /** A HorizontalPodAutoscaler keeps the serving version between `replicas` and its maximum. */
  autoscaling?: TrackAutoscaling;
  /** Ready endpoints below which the track has no weight. Default min(2, replicas). */
  endpointFloor?: number;
  /** The value of `X-Traffic-Group` whose users this track takes. Absent only on the last track. */
  segment?: string;
  /** Share of the segment's users, 0 to 100. Default 100. */
  percent?: number;
  /** The last track's share may grow in steps, such as [5, 25, 50]; 100 follows by itself. */
  steps?: TrackStep[];
  /** Users of the segment whom no share decides; on the last track those of production who are first and last in its steps, so only with steps. */
  users?: TrackUsers;
  /** True: below its floor the segment is refused with 503 instead of falling back to production. Default: true on the first track where it takes its whole segment. */
  strict?: boolean;
  /** All must pass before the release goes on to the next track. */
  gates?: Gate[];
  /** Jobs that a release runs once each on this track, in their order. Rollbacks run none. */
  hooks?: {
    /** Before the first pod of the new version starts here. */
    before?: Hook[];
    /** When all gates have passed, while the former version still runs. */
    after?: Hook[];
  };
}

/** Something that a release does once, such as a migration; a retry of the same Build does not do again what succeeded. */
export interface Hook {
  name: string;
  template: PodTemplateSpec;
  /** Retries of the Job. Default 0. */
  backoffLimit?: number;
  /** Default 600. */
  timeoutSeconds?: number;
  /** `rollback` (default) ends the release and puts back what was there; `pause` waits for a person. */
  onFailure?: 'rollback' | 'pause';
}

/** As in `autoscaling/v2`; the number of pods that it chooses stands in no record. */
export interface TrackAutoscaling {
  maxReplicas: number;
  /** Default: 80 % of the CPU that the pods request. */
  metrics?: MetricSpec[];
  behavior?: HorizontalPodAutoscalerBehavior;
}

/** User ids, as the routers read them by `userId`. Nobody stands in both lists. */
export interface TrackUsers {
  /** Always on the track's version while it has its floor of endpoints, even at a share of 0. */
  include?: string[];
  /** Never on the track's version: production serves them. */
  exclude?: string[];
}

export interface TrackStep {
  percent: number;
  gates?: Gate[];
}

export type Gate =
  | { name: string; soak: { seconds: number } }
  | { name: string; testJob: { template: PodTemplateSpec; backoffLimit?: number; timeoutSeconds?: number } }
  | { name: string; approval: { message?: string } }
  | { name: string; analysis: AnalysisGate }
  | { name: string; window: { schedule: string; durationSeconds: number; timeZone?: string } }
  | { name: string; webhook: { url: string; timeoutSeconds?: number } };

/** Metric analysis of a track against a bound, or against production at the same time. */
export interface AnalysisGate {
  /** Default 1. */
  intervalSeconds?: number;
  /** How long it must go well. */
  durationSeconds: number;
  /** Requests seen before any verdict. Default 100. */
  minimumSample?: number;
  /** How long it may wait for the minimum sample before the release pauses. Default: durationSeconds. */
  inconclusiveAfterSeconds?: number;
  metrics: AnalysisMetric[];
}

export interface AnalysisMetric {
  name: string;
  /** From the routers with no set-up, or PromQL in which `${backend}`, `${track}`, `${version}`, `${application}` and `${namespace}` are filled in. */
  source: { router: 'errorRatio' | 'latencyP50Seconds' | 'latencyP99Seconds' | 'requestRate' } | { prometheus: { url: string; query: string } };
  /** Success while value <= max (and >= min). */
  max?: number;
  min?: number;
  /** Success while value <= production's value at the same time, times this; a query is asked once more, filled in with what production serves. */
  maxRatioToProduction?: number;
  /** Failures in a row before the verdict. Default 3. */
  consecutiveFailures?: number;
  /** Failures in all before the verdict. Default: any number. */
  failureLimit?: number;
  /** Good samples in a row that it needs at the end. Default 1. */
  consecutiveSuccesses?: number;
  dryRun?: boolean;
}

export interface RouterTemplate {
  /** `auto` (default): haproxy where the router image says that it can, else builtin. `gateway-api`: no routers; Gateways of the cluster route. */
  kind?: 'auto' | 'haproxy' | 'builtin' | 'gateway-api';
  /** Gateways that users come through. With `kind: gateway-api`, which needs it, they choose the versions; with routers they lead to these. */
  gateway?: GatewayRouting;
  /** Default 4. */
  replicas?: number;
  /** Available routers under which health is critical. Default 2. */
  floor?: number;
  /** At the edge a client's own `X-Traffic-Group` is removed, and the router sets it. Default false. */
  edge?: boolean;
  /** How the edge knows the segment; the first rule that fits counts. Only with `edge`. */
  segments?: SegmentRule[];
  /** Where claims are read. */
  token?: TokenSource;
  accessLog?: AccessLogTemplate;
  /** How long the last requests, WebSockets and streams of a router that stops may take. Default 15. */
  drainSeconds?: number;
  /** Lines that people add to marked places of haproxy.cfg. */
  haproxy?: { global?: string; defaults?: string; frontend?: string; backend?: string };
}

/** One JSON line a request in the log of the router that took it. */
export interface AccessLogTemplate {
  /** Share of the requests: 0 is off. Answers of 500 and above are always logged where it is not. Default 100. */
  percent?: number;
  /** True: the user's id in clear. Default false: the bucket only. */
  userIds?: boolean;
}

export interface ApplicationStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  /** The Build that the last track serves. */
  productionBuild?: string;
  /** The Release in motion nearest to production. */
  activeRelease?: string;
  tracks?: { name: string; build?: string; version?: string; replicas: number; readyReplicas: number; weightPercent: number }[];
}
