export type Severity = 'critical' | 'warning';

/** PascalCase: also the Event's reason and the first word of a notification. */
export type HealthRule =
  | 'RouterBelowFloor' | 'RouterDegraded'
  | 'TrackBelowFloor' | 'TrackUnderReplicated' | 'TrackOverReplicated'
  | 'VersionForgotten' | 'ReleaseStuck';

/** One thing that is not as it should be. */
export interface Finding {
  /** The same as long as the same thing is wrong: `namespace/application/rule/subject`. */
  readonly id: string;
  readonly rule: HealthRule;
  readonly severity: Severity;
  readonly namespace: string;
  readonly application: string;
  /** Track, Deployment or Release. Absent: the Application's router. */
  readonly subject?: string;
  /** Rule and value in one sentence. */
  readonly message: string;
  readonly value: number;
  readonly wanted: number;
  /** The command that shows more, or mends it. */
  readonly next: string;
}

export interface ServiceHealth {
  readonly namespace: string;
  readonly application: string;
  readonly state: Severity | 'healthy';
  readonly routers: { readonly ready: number; readonly wanted: number; readonly floor: number };
  readonly tracks: readonly TrackHealth[];
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export interface TrackHealth {
  readonly name: string;
  /** Serving version; absent: none yet. */
  readonly version?: string;
  readonly ready: number;
  readonly wanted: number;
  readonly floor: number;
}
