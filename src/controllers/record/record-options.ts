import type { Repository } from './repository.ts';
import type { RouterProvider, RouterRenderer } from './router-renderer.ts';

export interface RecordOptions {
  readonly repository: Repository;
  readonly renderers: Readonly<Record<RouterProvider, RouterRenderer>>;
  /** What `router.kind: auto` means here. */
  readonly defaultProvider: RouterProvider;
}
