import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which control plane a project's clusters have (vitest.config.ts). Absent: the embedded one. */
    readonly controlPlane?: 'embedded' | 'kubernetes';
  }
}

/** Whether this project's clusters are the embedded ones. */
export const isEmbedded = inject('controlPlane') !== 'kubernetes';

export interface ClusterOptions {
  /** What `router.kind: auto` means. Default: haproxy. */
  readonly router?: 'haproxy' | 'builtin';
  /** Without Aweigh's controllers: the test installs them itself. */
  readonly bare?: boolean;
  /** Where a test writes plans of kills. */
  readonly faults?: string;
  /** More of `aweigh up`; only the embedded control plane has it. */
  readonly flags?: readonly string[];
  /** Fills the data directory before the first start. */
  readonly prepare?: (data: string) => void;
}

/** The processes of a cluster that tests kill. */
export type ClusterProcess = 'controllers' | 'node' | 'network';

/** What a test cluster stands on: its API server and controllers, the nodes and the network, and Aweigh's controllers. */
export interface ControlPlane {
  /** The process in which Aweigh's controllers run, as plans of kills name it. */
  readonly controllers: 'control-plane' | 'controllers';
  /** Resolves when nodes are ready and Aweigh's controllers are there. */
  up(): Promise<void>;
  /** Stops the pods, then the rest; what is on disk stays. */
  down(): Promise<void>;
  /** The process of now; another one after each restart. */
  pid(of: ClusterProcess): Promise<number>;
  /** Work tree of the record. */
  record(): Promise<string>;
}
