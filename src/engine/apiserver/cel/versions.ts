import type { Environment } from '@marcbachmann/cel-js';
import SemVer from 'semver/classes/semver.js';

/** Without a leading `v` and with all three numbers, unless it may be made so. */
function read(text: string, normalize: boolean): SemVer | undefined {
  const [, core = '', rest = ''] = /^v?([^-+]*)(.*)$/.exec(text) ?? [];
  const numbers = core.split('.').map((n) => n.replace(/^0+(?=\d)/, ''));
  const full = normalize ? [...numbers, '0', '0'].slice(0, Math.max(3, numbers.length)).join('.') + rest : text;
  if (full.startsWith('v')) return undefined;
  try {
    return new SemVer(full);
  } catch {
    return undefined;
  }
}

/** semver(), isSemver() and the comparison of versions. */
export function addVersions(environment: Environment): Environment {
  const type = 'kubernetes.Semver';
  const made = (text: string, normalize = false): SemVer => {
    const version = read(text, normalize);
    if (version === undefined) throw new Error(`${JSON.stringify(text)} is not a semantic version`);
    return version;
  };
  return environment
    .registerType(type, SemVer)
    .registerFunction(`semver(string): ${type}`, (text: string) => made(text))
    .registerFunction(`semver(string, bool): ${type}`, made)
    .registerFunction('isSemver(string): bool', (text: string) => read(text, false) !== undefined)
    .registerFunction('isSemver(string, bool): bool', (text: string, normalize: boolean) => read(text, normalize) !== undefined)
    .registerOperator(`${type} == ${type}`, (a: SemVer, b: SemVer) => a.compare(b) === 0)
    .registerFunction(`${type}.major(): int`, (version: SemVer) => BigInt(version.major))
    .registerFunction(`${type}.minor(): int`, (version: SemVer) => BigInt(version.minor))
    .registerFunction(`${type}.patch(): int`, (version: SemVer) => BigInt(version.patch))
    .registerFunction(`${type}.compareTo(${type}): int`, (a: SemVer, b: SemVer) => BigInt(a.compare(b)))
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: SemVer, b: SemVer) => a.compare(b) < 0)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: SemVer, b: SemVer) => a.compare(b) > 0);
}
