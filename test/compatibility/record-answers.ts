/**
 * Sends every mutation of the manifests to a real API server as a dry-run create and keeps what it answers.
 * usage: NODE_TLS_REJECT_UNAUTHORIZED=0 node test/compatibility/record-answers.ts SERVER TOKEN OUT [--more ANSWERS] [--only TEXT]
 * --more takes the manifests that another recording was made of as well.
 */
import { createWriteStream, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import resourceData from '../../src/kubernetes/data/resources.json' with { type: 'json' };
import { mask } from './answers/mask.ts';
import { mutationsOf } from './answers/mutations.ts';
import type { Recorded } from './answers/replay.ts';

interface Manifest { readonly apiVersion: string; readonly kind: string; readonly metadata?: { readonly namespace?: string } }
interface Answer { kind?: string; reason?: string; details?: { causes?: { field?: string; reason?: string }[] } }

const { values, positionals } = parseArgs({ allowPositionals: true, options: { more: { type: 'string', multiple: true, default: [] }, only: { type: 'string', default: '' } } });
const [server = '', token = '', out = ''] = positionals;
const CONNECTIONS = 16;

const manifests = new Map<string, Manifest>();
for (const file of readdirSync(join(import.meta.dirname, 'answers/manifests')).sort()) {
  for (const document of parseAllDocuments(readFileSync(join(import.meta.dirname, 'answers/manifests', file), 'utf8'))) keep(document.toJS() as Manifest);
}
for (const file of values.more) {
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const recorded = JSON.parse(line) as Recorded;
    if (recorded.what === 'as written') keep(recorded.body as Manifest);
  }
}

function keep(manifest: Manifest): void {
  manifests.set(JSON.stringify(manifest), manifest);
}

const cases: Omit<Recorded, 'answer'>[] = [];
const seen = new Set<string>();
for (const manifest of manifests.values()) {
  const path = pathOf(manifest);
  if (!path.includes(values.only)) continue;
  for (const { what, body } of mutationsOf(manifest)) {
    const text = path + JSON.stringify(body);
    if (seen.has(text)) continue;
    seen.add(text);
    cases.push({ what, path, fieldValidation: cases.length % 5 === 4 ? 'Warn' : 'Strict', body });
  }
}

const file = createWriteStream(out);
const answers: Recorded[] = [];
let next = 0;
await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
  for (let i = next++; i < cases.length; i = next++) {
    const one = cases[i]!;
    // Kubernetes ends the connection without an answer where a request makes it panic; such a case says nothing.
    try { answers.push(await answer(one)); } catch (error) { console.log(`no answer to ${one.path}: ${one.what}: ${String(error)}`); }
  }
}));
for (const line of answers) file.write(`${JSON.stringify(line)}\n`);
file.end();
console.log(`${answers.length} answers to mutations of ${manifests.size} manifests`);

function pathOf({ apiVersion, kind }: Manifest): string {
  const resource = resourceData.resources.find((r) => r.groupVersion === apiVersion && r.kind === kind && !r.name.includes('/'));
  if (resource === undefined) throw new Error(`No resource is known for ${apiVersion} ${kind}`);
  return `${apiVersion.includes('/') ? '/apis/' : '/api/'}${apiVersion}${resource.namespaced ? '/namespaces/default' : ''}/${resource.name}`;
}

async function answer(one: Omit<Recorded, 'answer'>): Promise<Recorded> {
  const response = await fetch(`${server}${one.path}?dryRun=All&fieldValidation=${one.fieldValidation}`, {
    method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(one.body),
  });
  const body = (await response.json()) as Answer;
  const code = response.status;
  const warning = response.headers.get('warning');
  const warnings = warning === null ? undefined : (warning.match(/299/g) ?? []).length;
  if (code < 300) return { ...one, answer: { code, object: mask(body), warnings } };
  const causes = body.details?.causes?.map((cause) => [cause.field ?? '', cause.reason ?? '']).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { ...one, answer: { code, reason: body.reason, causes, warnings } };
}
