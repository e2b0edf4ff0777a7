export type Severity = 'critical' | 'warning';

/** PascalCase: also the Event's reason and the first word of a notification. */
export type HealthRule =
  | 'RouterMissing' | 'RouterBelowFloor' | 'RouterDegraded' | 'GatewayNotRouting' | 'GatewayNotFollowing'
  | 'TrackMissing' | 'TrackBelowFloor' | 'TrackUnderReplicated' | 'TrackOverReplicated'
  | 'VersionForgotten' | 'ReleaseStuck' | 'ReleaseInconclusive' | 'ChannelFailing';

/** One thing that is not as it should be. */
export interface Finding {
  /** The same as long as the same thing is unwell, whatever its rule: `namespace/service/subject`. */
  readonly id: string;
  readonly rule: HealthRule;
  readonly severity: Severity;
  readonly namespace: string;
  readonly service: string;
  /** `router`, `track/free`, `version/<Deployment>`, `release/<Release>`, `channel/<NotificationChannel>`. */
  readonly subject: string;
  /** Rule and value in one sentence. */
  readonly message: string;
  readonly value: number;
  readonly wanted: number;
  /** The command that shows more, or mends it. */
  readonly next: string;
  /** How long it must last before it is told; 0: at once. */
  readonly tellAfterMs: number;
}

export interface ServiceHealth {
  readonly namespace: string;
  readonly service: string;
  /** Has an Application. False: known by its labels alone. */
  readonly managed: boolean;
  /** `new`: nothing was released yet, so nothing can be missing. */
  readonly state: Severity | 'healthy' | 'new';
  /** Absent: it is to have none. */
  readonly routers?: { readonly ready: number; readonly wanted: number; readonly floor: number };
  readonly tracks: readonly TrackHealth[];
  /** That no track holds. */
  readonly forgotten: readonly ForgottenVersion[];
  /** In motion, also those that wait by intent. */
  readonly releases: readonly ReleaseHealth[];
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export interface TrackHealth {
  readonly name: string;
  /** Serving version; absent: none yet, or not known. */
  readonly version?: string;
  readonly ready: number;
  readonly wanted: number;
  readonly floor: number;
}

export interface ForgottenVersion {
  readonly deployment: string;
  readonly track?: string;
  readonly replicas: number;
  readonly ageMs: number;
  readonly cost: VersionCost;
}

/** What its pods request, and what that came to since it was made. */
export interface VersionCost {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly cpuCoreHours: number;
  readonly memoryGibHours: number;
}

export interface ReleaseHealth {
  readonly name: string;
  readonly phase: string;
  readonly track?: string;
  readonly waitsFor: 'progress' | 'approval' | 'person' | 'metrics' | 'freeze' | 'window' | 'queue';
  /** Milliseconds since the epoch: since when it waits. */
  readonly since: number;
  readonly message: string;
  readonly next: string;
}
