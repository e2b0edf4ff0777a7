import type { Application, RouterTemplate } from '../../api/application/application.ts';
import type { RouterSpec } from '../../api/router/router.ts';
import type { PodTemplateSpec } from '../../kubernetes/types.generated.ts';

/** How one kind of router runs as pods. Both results change only when a route change could not be told to a running router. */
export interface RouterRenderer {
  /** Without the labels and annotations that the record adds. */
  podTemplate(application: Application, router: RouterSpec): PodTemplateSpec;
  /** Content of the ConfigMap `<application>-haproxy` that the pods mount. */
  configMapData(application: Application, router: RouterSpec): Record<string, string>;
  /** Absent: people cannot add lines to the config of this kind. */
  readonly ownLines?: OwnLines;
}

/** Lines that people add to the config of a router. */
export interface OwnLines {
  /** Why a router would not do its work with them, naming the line; undefined: it would. */
  fault(application: Application, router: RouterSpec, signal: AbortSignal): Promise<string | undefined>;
  /** The lines in a ConfigMap that the renderer made. */
  read(configMapData: Readonly<Record<string, string>>): NonNullable<RouterTemplate['haproxy']>;
}
