import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import resourceData from '../../../src/kubernetes/data/resources.json' with { type: 'json' };
import { mask } from './mask.ts';
import { mutationsOf } from './mutations.ts';
import type { Recorded } from './replay.ts';
import { widerMutationsOf } from './wider-mutations.ts';

export interface Manifest { readonly apiVersion: string; readonly kind: string }
export type Case = Omit<Recorded, 'answer'>;

interface Refusal { readonly reason?: string; readonly details?: { readonly causes?: readonly { readonly field?: string; readonly reason?: string }[] } }
/** Sends a request and gives the answer's JSON, and how many warnings came with it; absent for none. */
export type Send = (path: string, request: { method: string; type?: string; body?: unknown }) => Promise<{ status: number; warnings?: number; body: unknown }>;

/** The manifests that stand beside this file: one or more of every kind that can be created. */
export function manifests(): Manifest[] {
  const folder = join(import.meta.dirname, 'manifests');
  return readdirSync(folder).sort().flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS() as Manifest));
}

/** Each manifest as it is and with one thing changed, no request twice; one in five asks for warnings instead of refusals. */
export function casesOf(from: readonly Manifest[], only = ''): Case[] {
  const cases: Case[] = [];
  const seen = new Set<string>();
  for (const manifest of from) {
    const path = pathOf(manifest);
    if (!path.includes(only)) continue;
    for (const { what, body } of mutationsOf(manifest)) {
      const text = path + JSON.stringify(body);
      if (seen.has(text)) continue;
      seen.add(text);
      cases.push({ what, path, fieldValidation: cases.length % 5 === 4 ? 'Warn' : 'Strict', body });
    }
  }
  return cases;
}

const VALIDATIONS = ['Strict', 'Warn', 'Strict', 'Ignore', 'Strict'] as const;

/** A number that is the same for a text each time, for samples. */
export const numberOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE();

/** A case of the manifest with this number; `what` names it. */
export interface WiderCase extends Case { readonly of: number }

/** A sample of the wider mutations: about one in `every`, the same ones each time. */
export function widerCasesOf(from: readonly Manifest[], every: number, only = ''): WiderCase[] {
  return from.flatMap((manifest, of) => {
    const path = pathOf(manifest);
    if (!path.includes(only)) return [];
    const seen = new Set<string>();
    return widerMutationsOf(manifest, of).flatMap(({ what, body }): WiderCase[] => {
      if (numberOf(`${of} ${what}`) % every !== 0 || seen.has(what)) return [];
      seen.add(what);
      return [{ of, what, path, fieldValidation: VALIDATIONS[numberOf(what) % VALIDATIONS.length] ?? 'Strict', body }];
    });
  });
}

export function pathOf({ apiVersion, kind }: Manifest): string {
  const resource = resourceData.resources.find((r) => r.groupVersion === apiVersion && r.kind === kind && !r.name.includes('/'));
  if (resource === undefined) throw new Error(`No resource is known for ${apiVersion} ${kind}`);
  return `${apiVersion.includes('/') ? '/apis/' : '/api/'}${apiVersion}${resource.namespaced ? '/namespaces/default' : ''}/${resource.name}`;
}

/** What a server says to a case, as a dry run. */
export async function ask(one: Case, send: Send, hide: (object: unknown) => unknown = mask): Promise<unknown> {
  return toldOf(await send(`${one.path}?dryRun=All&fieldValidation=${one.fieldValidation}`, { method: 'POST', body: one.body }), hide);
}

/** An answer as it is compared: the object without what is random in it, or why the request was refused, without words. */
export function toldOf({ status, warnings, body }: Awaited<ReturnType<Send>>, hide: (object: unknown) => unknown = mask): unknown {
  if (status < 300) return { code: status, object: hide(body), warnings };
  const { reason, details } = body as Refusal;
  const causes = details?.causes?.map((cause) => [cause.field ?? '', cause.reason ?? '']).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { code: status, reason, causes, warnings };
}
