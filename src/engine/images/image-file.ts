import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ImageError } from './image-error.ts';
import type { RunConfig } from './manifest.ts';

/** The files that may say how to run a folder, first found wins. */
export const imageFileNames = ['image.json', 'Imagefile.yaml', 'Imagefile.yml'] as const;

const fields = ['entrypoint', 'cmd', 'env', 'workingDir', 'exposedPorts', 'user', 'stopSignal', 'labels'] as const;
type Fields = Partial<Record<(typeof fields)[number], unknown>>;

/** How to run a folder: from its image file, else `node <main>` from its package.json.
 *  @throws {ImageError} reason `Invalid`, naming file, field and value */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  for (const name of imageFileNames) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return parseImageFile(text, join(folder, name));
  }
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  return { Cmd: ['node', mainOf(text, join(folder, 'package.json'))], WorkingDir: '/' };
}

/** YAML is a superset of JSON, so that one parser reads both. */
export function parseImageFile(text: string, file: string): RunConfig {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch (cause) {
    throw new ImageError('Invalid', `${file} is neither JSON nor YAML: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new ImageError('Invalid', `${file} must be an object with any of: ${fields.join(', ')}`);
  const unknown = Object.keys(parsed).find((k) => !(fields as readonly string[]).includes(k));
  if (unknown !== undefined) throw new ImageError('Invalid', `${file} has the unknown field '${unknown}'; it may have: ${fields.join(', ')}`);
  const f = parsed as Fields;
  const fail = (field: string, rule: string): never => {
    throw new ImageError('Invalid', `${file}: ${field} must be ${rule}, and is ${JSON.stringify(f[field as keyof Fields])}`);
  };
  const words = (field: 'entrypoint' | 'cmd'): readonly string[] | undefined => {
    const value = f[field];
    if (value === undefined) return undefined;
    return Array.isArray(value) && value.length > 0 && value.every((w) => typeof w === 'string') ? (value as string[]) : fail(field, 'a list of words, such as ["node", "server.js"]');
  };
  const word = (field: 'workingDir' | 'user' | 'stopSignal'): string | undefined => {
    const value = f[field];
    return value === undefined ? undefined : typeof value === 'string' ? value : typeof value === 'number' ? String(value) : fail(field, 'text');
  };
  const map = (field: 'env' | 'labels'): [string, string][] | undefined => {
    const value = f[field];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((v) => typeof v === 'string' && v.includes('='))) return (value as string[]).map((v) => [v.slice(0, v.indexOf('=')), v.slice(v.indexOf('=') + 1)]);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(field, 'an object of names and values');
    return Object.entries(value).map(([k, v]) => (typeof v === 'object' ? fail(field, 'an object of names and plain values') : [k, String(v)]));
  };
  const env = map('env');
  const labels = map('labels');
  return {
    Entrypoint: words('entrypoint'),
    Cmd: words('cmd'),
    Env: env?.map(([k, v]) => `${k}=${v}`),
    WorkingDir: word('workingDir') ?? '/',
    ExposedPorts: exposedPorts(f.exposedPorts, fail),
    User: word('user'),
    StopSignal: word('stopSignal'),
    Labels: labels === undefined ? undefined : Object.fromEntries(labels),
  };
}

function exposedPorts(value: unknown, fail: (field: string, rule: string) => never): RunConfig['ExposedPorts'] {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return fail('exposedPorts', 'a list of ports, such as ["8080/tcp"]');
  return Object.fromEntries(
    value.map((p) => {
      const found = /^(\d+)(?:\/(tcp|udp|sctp))?$/.exec(String(p));
      if (found === null || Number(found[1]) < 1 || Number(found[1]) > 65_535) return fail('exposedPorts', 'ports from 1 to 65535, such as "8080/tcp"');
      return [`${found[1]}/${found[2] ?? 'tcp'}`, {}];
    }),
  );
}

function mainOf(text: string, file: string): string {
  let main: unknown;
  try {
    ({ main } = JSON.parse(text) as { main?: unknown });
  } catch (cause) {
    throw new ImageError('Invalid', `${file} is not JSON; mend it, or say how to run the folder in an image.json`, { cause });
  }
  return typeof main === 'string' ? main : 'index.js';
}
