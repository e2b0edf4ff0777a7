import type { ControlCredentials } from './traffic-provider.ts';

export interface IssuedControl {
  /** What router pods mount: file name → content. */
  readonly pod: Readonly<Record<string, string>>;
  readonly client: ControlCredentials;
}

/** Makes the certificates by which only the routing controller can tell a router anything: a CA of its own for each router tier. */
export interface ControlAuthority {
  issue(router: string): Promise<IssuedControl>;
}
