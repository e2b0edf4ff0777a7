import type { Application } from '../../api/application/application.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { PodTemplateSpec } from '../../kubernetes/types.generated.ts';

/** How one kind of router runs as pods. Both results change only when a route change could not be told to a running router. */
export interface RouterRenderer {
  /** Without the labels and annotations that the record adds. */
  podTemplate(application: Application, router: RouterSpec): PodTemplateSpec;
  /** Content of the ConfigMap `<application>-haproxy` that the pods mount. */
  configMapData(application: Application, router: RouterSpec): Record<string, string>;
}

export type RouterProvider = RouterSpec['provider'];
