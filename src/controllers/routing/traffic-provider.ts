/** One server of a backend. `draining`: it finishes what it has and gets nothing new. */
export interface TrafficServer {
  readonly address: string;
  readonly port: number;
  readonly draining: boolean;
}

export interface TrafficBackend {
  /** `<track>-<version>`. */
  readonly name: string;
  readonly track: string;
  readonly version: string;
  readonly servers: readonly TrafficServer[];
}

/** Where one segment goes right now, floors already considered. */
export interface TrafficRoute {
  readonly segment: string;
  /** Absent: production takes the whole segment. */
  readonly backend?: string;
  /** Users whose bucket is below this go to `backend`: 0 to 10,000. */
  readonly share: number;
  readonly seed: string;
  /** User ids that go to `backend` whatever the share, and those that never do; in both: never. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Usable servers below which the router itself stops using the backend, whatever it was told. */
  readonly floor: number;
  /** Below the floor: `refuse` answers 503, `production` hands over. */
  readonly belowFloor: 'refuse' | 'production';
  /** True: below its floor by the controller's word. */
  readonly closed: boolean;
}

export interface TrafficProduction {
  readonly backend?: string;
  readonly next?: { readonly backend: string; readonly share: number; readonly floor: number };
  /** User ids that go to `next` whatever its share, unless that is 0, and those that never do; in both: never. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly seed: string;
}

/** All that a router pod is told. */
export interface Traffic {
  readonly backends: readonly TrafficBackend[];
  readonly routes: readonly TrafficRoute[];
  readonly production: TrafficProduction;
}

export interface RouterPod {
  readonly name: string;
  /** Pod address; the control port is the provider's own. */
  readonly address: string;
  /** It is about to stop: no connection to it is kept. */
  readonly leaving?: boolean;
  /** Called when a connection that is kept to it ends by itself, as when its process does: it may have started again, and know nothing. */
  lost?(): void;
}

/** What one router pod answered after it was told. Times are milliseconds since the epoch. */
export interface Told {
  /** When it had been read back. */
  readonly observedAt: number;
  /** When the routes of the serving pod last began to change, as the pod itself remembers; absent: never while it served. */
  readonly lastSwitchAt?: number;
  /** Commands were needed. */
  readonly changed: boolean;
}

/** One router, or Gateway, as this pass left it. `served`: it was told before. `config`: it answers, but its config has no room for the spec. `reason`: of the condition. */
export type TellResult =
  | { readonly outcome: 'told'; readonly name: string; readonly told: Told }
  | { readonly outcome: 'failed'; readonly name: string; readonly message: string; readonly served: boolean; readonly terminating: boolean; readonly config: boolean; readonly reason?: string };

export interface BackendStats {
  readonly backend: string;
  readonly total: number;
  /** Answers of 500 and above, and connections lost. */
  readonly errors: number;
  /** Time from the whole request head to the answer's head. */
  readonly latency: LatencyCells;
}

/** Answered requests by latency: the upper bound of a cell in microseconds → how many. Cells are at most 15 % wide. */
export type LatencyCells = Readonly<Record<number, number>>;

/** Counters since the router started. */
export interface RouterStats {
  readonly backends: readonly BackendStats[];
  /** Requests by segment, and those whose group was refused: `unknown-group`, `repeated-group`, and at the edge `removed-group`. */
  readonly groups: Readonly<Record<string, number>>;
}

/** PEM. */
export interface ControlCredentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** One kind of router. Every method rejects when the pod cannot be reached or does not answer as it should before `signal` aborts. */
export interface TrafficProvider {
  /** Makes the pod do as `traffic` says, reads back that it does, and then marks it ready. Idempotent.
   *  @param atSwitch awaited when all is prepared and only the routes are left to change, so that all pods change them at the same time */
  tell(pod: RouterPod, credentials: ControlCredentials, traffic: Traffic, signal: AbortSignal, atSwitch?: () => Promise<void>): Promise<Told>;
  stats(pod: RouterPod, credentials: ControlCredentials, signal: AbortSignal): Promise<RouterStats>;
  /** The pod stops or is gone: a connection that is kept to it is closed. */
  forget(pod: RouterPod): void;
}

/** The router answers, but its config has no room for what it is told: a new config is the way out, not a new pod. */
export class CannotRouteError extends Error {
  override readonly name = 'CannotRouteError';
}
