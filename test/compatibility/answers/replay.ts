import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import resourceData from '../../../src/kubernetes/data/resources.json' with { type: 'json' };
import { StatusError } from '../../../src/client/status-error.ts';
import { allowAll } from '../../../src/engine/apiserver/auth/authorizer.ts';
import type { Lookups } from '../../../src/engine/apiserver/admission/admission.ts';
import { decode, type FieldValidation } from '../../../src/engine/apiserver/decode/decode.ts';
import { prepareCreate } from '../../../src/engine/apiserver/kinds/create.ts';
import { deprecationOf } from '../../../src/engine/apiserver/kinds/deprecation.ts';
import type { KindObject, StrategyContext } from '../../../src/engine/apiserver/kinds/strategy.ts';

export interface Recorded {
  readonly what: string;
  readonly path: string;
  readonly fieldValidation: FieldValidation;
  readonly body: unknown;
  readonly answer: unknown;
}

export interface Difference {
  readonly name: string;
  readonly want: string;
  readonly got: string;
}

const context: StrategyContext = { now: '2026-01-01T00:00:00Z', uid: randomUUID, user: { username: 'admin', uid: 'admin', groups: ['system:masters', 'system:authenticated'] }, loopbackAddresses: false, access: allowAll };

/** A cluster with one namespace and its service account, as the recorded server had. */
const lookups: Lookups = {
  get(group, kind, namespace, name) {
    if (group === '' && kind === 'Namespace' && name === 'default') return { apiVersion: 'v1', kind, metadata: { name } };
    if (group === '' && kind === 'ServiceAccount' && namespace === 'default' && name === 'default') return { apiVersion: 'v1', kind, metadata: { name, namespace } };
    return undefined;
  },
  list: () => [], isEmpty: () => true, scopeOf: () => undefined, equivalents: () => [],
};

/** What differs between the recorded answers and ours; a case is named by its kind, mutation and number. */
export function replay(lines: readonly Recorded[], mask: (o: unknown) => unknown): Difference[] {
  const differences: Difference[] = [];
  lines.forEach((line, i) => {
    const got = JSON.parse(JSON.stringify(answerOf(line, mask))) as unknown;
    if (!isDeepStrictEqual(got, line.answer)) {
      differences.push({ name: `${line.path.split('/').at(-1)}: ${line.what} (${i + 1})`, want: JSON.stringify(line.answer), got: JSON.stringify(got) });
    }
  });
  return differences;
}

function answerOf(line: Recorded, mask: (o: unknown) => unknown): unknown {
  const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)$/.exec(line.path);
  const [, group = '', version = '', namespace, plural = ''] = match ?? [];
  const groupVersion = group === '' ? version : `${group}/${version}`;
  const kind = resourceData.resources.find((r) => r.groupVersion === groupVersion && r.name === plural)?.kind ?? '';
  const warnings: string[] = [];
  const deprecation = deprecationOf(group, version, kind);
  if (deprecation !== undefined) warnings.push(deprecation);
  const count = (): number | undefined => (warnings.length === 0 ? undefined : warnings.length);
  try {
    const decoded = decode(JSON.stringify(line.body), { group, version, kind }, line.fieldValidation);
    warnings.push(...decoded.warnings);
    const object: KindObject = decoded.object;
    warnings.push(...prepareCreate(object, { group, version, kind, plural, namespace, dryRun: true }, { ...context, namespace }, lookups));
    return { code: 201, object: mask(object), warnings: count() };
  } catch (error) {
    if (!(error instanceof StatusError)) return { code: 0, reason: String((error as Error).stack) };
    const causes = error.details?.causes?.map((cause) => [cause.field ?? '', cause.reason ?? '']).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return { code: error.code, reason: error.reason, causes, warnings: count() };
  }
}
