/** Who owns fields in server-side apply: one name a writer, stable for ever, since objects keep it. */
export const fieldManagers = {
  release: 'aweigh-release',
  record: 'aweigh-record',
  config: 'aweigh-config',
  health: 'aweigh-health',
  fleet: 'aweigh-fleet',
  jobs: 'aweigh-jobs',
  security: 'aweigh-security',
  monitoring: 'aweigh-monitoring',
  engineControllers: 'aweigh-controllers',
  scheduler: 'aweigh-scheduler',
  node: 'aweigh-node',
  network: 'aweigh-network',
  cli: 'aweigh-cli',
} as const;

export type FieldManager = (typeof fieldManagers)[keyof typeof fieldManagers];
