import type { Service, ServicePort } from '../../kubernetes/types.generated.ts';

/** On an adopted Service: how it was, so that it can be given back. */
export const ADOPTED = 'aweigh.dev/adopted';

export interface Adopted {
  readonly application: string;
  readonly deployment: string;
  readonly replicas: number;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
}

/** Undefined: the Service is its own. */
export function adoptedOf(service: Service): Adopted | undefined {
  const text = service.metadata?.annotations?.[ADOPTED];
  return text === undefined ? undefined : (JSON.parse(text) as Adopted);
}
