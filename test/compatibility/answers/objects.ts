import { setTimeout } from 'node:timers/promises';
import { pathOf, toldOf, type Manifest, type Send } from './cases.ts';
import type { Update } from './updates.ts';

const SETTLE_MS = 10_000;

/** An object that stands on a server while it is asked about; its managedFields are left out, so that a replacement keeps them. */
export interface StandingObject {
  readonly path: string;
  readonly live: Manifest & { readonly metadata: Record<string, unknown>; readonly status?: unknown };
  remove(): Promise<void>;
}

/** Creates the manifest's object and waits until the server itself has said all it says of it. Undefined where it is refused. */
export async function standing(manifest: Manifest, send: Send): Promise<StandingObject | undefined> {
  const collection = pathOf(manifest);
  const made = await send(collection, { method: 'POST', body: manifest });
  if (made.status >= 300) return undefined;
  const name = (made.body as { metadata?: { name?: string } }).metadata?.name;
  if (name === undefined) return undefined;
  const path = `${collection}/${name}`;
  const isSettled = (object: unknown): boolean => manifest.kind !== 'CustomResourceDefinition' || JSON.stringify(object).includes('"Established","status":"True"') || /"status":"True"[^}]*"type":"Established"/.test(JSON.stringify(object));
  let object = made.body;
  for (const deadline = Date.now() + SETTLE_MS; !isSettled(object) && Date.now() < deadline; await setTimeout(50)) object = (await send(path, { method: 'GET' })).body;
  const { managedFields: _, ...metadata } = (object as StandingObject['live']).metadata;
  return {
    path, live: { ...(object as StandingObject['live']), metadata },
    async remove() {
      await send(path, { method: 'PATCH', type: 'application/merge-patch+json', body: { metadata: { finalizers: null } } });
      await send(path, { method: 'DELETE', body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Background' } });
      await send(path, { method: 'PATCH', type: 'application/merge-patch+json', body: { metadata: { finalizers: null } } });
      for (const deadline = Date.now() + SETTLE_MS; (await send(path, { method: 'GET' })).status !== 404 && Date.now() < deadline;) await setTimeout(50);
    },
  };
}

/** What a server says to an update, as a dry run. */
export async function askUpdate(update: Update, object: StandingObject, send: Send, hide?: (object: unknown) => unknown): Promise<unknown> {
  const { method, type, body, subresource, query } = update;
  const path = `${object.path}${subresource === undefined ? '' : `/${subresource}`}?dryRun=All${query?.includes('fieldValidation') === true ? '' : '&fieldValidation=Strict'}${query === undefined ? '' : `&${query}`}`;
  return distinct(toldOf(await send(path, { method, ...(type !== undefined && { type }), body }), hide));
}

/** Kubernetes checks metadata two to four times on an update, kind by kind: each cause counts once. Node ports and times are the server's choice. */
export function distinct(told: unknown): unknown {
  const answer = JSON.parse(JSON.stringify(told, (key, value: unknown) => (key === 'nodePort' ? '<port>' : (key === 'deletionTimestamp' || key === 'lastUpdateTime') && value !== null ? '<time>' : value))) as { causes?: unknown[] };
  return answer.causes === undefined ? answer : { ...answer, causes: [...new Set(answer.causes.map((cause) => JSON.stringify(cause)))].map((cause) => JSON.parse(cause) as unknown) };
}
