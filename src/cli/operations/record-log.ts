import { execFileSync } from 'node:child_process';
import { UserError } from '../user-error.ts';

/** One change of one Application. A commit under load holds several. */
export interface RecordedChange {
  readonly commit: string;
  readonly at: string;
  readonly application: string;
  readonly what: string;
  readonly who: string;
  /** PascalCase, such as `ScaleUp`; `CommitByPerson` for what people committed. */
  readonly why: string;
  readonly release?: string;
  readonly track?: string;
  readonly build?: string;
  /** Of the release, as of this change. */
  readonly phase?: string;
  /** Who asked for the release, and what for. */
  readonly requestedBy?: string;
  readonly because?: string;
}

/** A release from its first change to its last, or a change that belongs to none. */
export interface Deployment {
  readonly application: string;
  readonly startedAt: string;
  readonly what: string;
  /** Who asked for it. */
  readonly who: string;
  /** What for, in their words, or PascalCase. */
  readonly why: string;
  readonly release?: string;
  readonly build?: string;
  readonly tracks?: readonly string[];
  /** How it ended, or where it stands. */
  readonly phase?: string;
  /** What its last change said. */
  readonly outcome?: string;
  /** Absent: it has not ended. */
  readonly endedAt?: string;
  readonly commits: readonly string[];
}

const ENDED = new Set(['Completed', 'Failed', 'Aborted', 'Superseded']);
const FORMAT = '%x01%H%x00%ct%x00%an%x00%P%x00%s%x00%b%x02';
const COMMIT_BY_PERSON = 'CommitByPerson';

/** Changes in a record, newest first. @param folder of one Application, relative to the record
 *  @throws {UserError} where git cannot read it */
export function recordedChanges(directory: string, folder: string | undefined, limit: number): RecordedChange[] {
  const where = folder === undefined ? [] : ['--', folder];
  try {
    const text = execFileSync('git', ['-C', directory, 'log', `-n${limit}`, '--no-merges', '--name-only', `--format=${FORMAT}`, ...where], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024 });
    return text.split('\u0001').slice(1).flatMap((entry) => changesOf(entry)).filter((c) => folder === undefined || c.application === folder.split('/').at(-1));
  } catch (error) {
    // A repository whose first commit is still to come.
    if (String((error as { stderr?: unknown }).stderr).includes('does not have any commits')) return [];
    throw new UserError(`git could not read ${directory}: ${(error as Error).message}`, { cause: error });
  }
}

function changesOf(entry: string): RecordedChange[] {
  const [head = '', names = ''] = entry.split('\u0002');
  const [commit = '', seconds = '0', author = '', , subject = '', body = ''] = head.split('\0');
  const base = { commit, at: new Date(Number(seconds) * 1_000).toISOString() };
  if (!/^Recorded-By: aweigh$/m.test(body)) {
    const folders = new Set(names.split('\n').filter((n) => n.startsWith('applications/')).map((n) => n.split('/')[2] ?? ''));
    return [...folders].map((application) => ({ ...base, application, what: subject, who: author, why: COMMIT_BY_PERSON }));
  }
  const paragraphs = body.split('\n\n');
  const parts = /^\d+ changes: /.test(subject) ? paragraphs.filter((p) => /^Reason: /m.test(p)) : [`${subject}\n${body}`];
  return parts.map((part) => {
    const [first = '', ...rest] = part.split('\n');
    const trailers = new Map(rest.flatMap((line) => { const match = /^([A-Z][A-Za-z-]*): (.*)$/.exec(line); return match === null ? [] : [[match[1], match[2]] as const]; }));
    const optional = (field: string, name: string) => (trailers.has(name) ? { [field]: trailers.get(name) } : {});
    return {
      ...base, application: first.slice(0, first.indexOf(': ')), what: first.slice(first.indexOf(': ') + 2), who: trailers.get('Actor') ?? author, why: trailers.get('Reason') ?? '',
      ...optional('release', 'Release'), ...optional('track', 'Track'), ...optional('build', 'Build'), ...optional('phase', 'Phase'), ...optional('requestedBy', 'Requested-By'), ...optional('because', 'Because'),
    };
  });
}

/** The history of deployments, newest first: all that one release did is one line of it. */
export function deployments(changes: readonly RecordedChange[]): Deployment[] {
  const groups = Map.groupBy(changes, (c) => (c.release === undefined ? `${c.commit}/${c.application}` : `${c.application}/${c.release}`));
  return [...groups.values()].flatMap((group) => {
    const newest = group[0], oldest = group.at(-1);
    if (newest === undefined || oldest === undefined) return [];
    const { application, release } = oldest;
    const common = { application, startedAt: oldest.at, who: oldest.requestedBy ?? oldest.who, why: oldest.because ?? oldest.why, commits: group.map((c) => c.commit) };
    if (release === undefined) return [{ ...common, what: oldest.what }];
    const tracks = [...new Set(group.toReversed().flatMap((c) => c.track ?? []))];
    const phase = group.find((c) => c.phase !== undefined)?.phase;
    const build = group.find((c) => c.build !== undefined)?.build;
    const ended = phase !== undefined && ENDED.has(phase) ? group.findLast((c) => c.phase === phase) : undefined;
    return [{
      ...common, what: `${release}${tracks.length === 0 ? '' : `: ${tracks.join(', ')}`}`, release, tracks, outcome: (ended ?? newest).what,
      ...(build !== undefined && { build }), ...(phase !== undefined && { phase }), ...(ended !== undefined && { endedAt: ended.at }),
    }];
  }).toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
}
