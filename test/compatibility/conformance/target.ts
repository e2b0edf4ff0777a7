/** A cluster that conformance tests run against. */
export interface Target {
  readonly kubeconfig: string;
  /** The command line that runs a program where the cluster's pods and Services are reached. */
  words(program: string, ...args: readonly string[]): [string, ...string[]];
  stop(): Promise<void>;
}
