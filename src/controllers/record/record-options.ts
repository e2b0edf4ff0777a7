import type { PodRouterProvider } from '../../api/router/router.ts';
import type { Repository } from './repository.ts';
import type { RouterRenderer } from './router-renderer.ts';

export interface RecordOptions {
  readonly repository: Repository;
  readonly renderers: Readonly<Record<PodRouterProvider, RouterRenderer>>;
  /** What `router.kind: auto` means here. */
  readonly defaultProvider: PodRouterProvider;
}
