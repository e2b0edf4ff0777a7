import type { RecordChange } from '../../controllers/record/repository.ts';
import { COMMITTER } from './git-command.ts';
import { OWN_TRAILER } from './git-history.ts';

export interface CommitContent {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly seconds: number;
  readonly message: string;
}

/** A commit object as git stores it. */
export function commitObject({ tree, parents, author, seconds, message }: CommitContent): Buffer {
  const lines = [
    `tree ${tree}`, ...parents.map((p) => `parent ${p}`), `author ${sanitize(author)} <${COMMITTER.email}> ${seconds} +0000`,
    `committer ${COMMITTER.name} <${COMMITTER.email}> ${seconds} +0000`,
  ];
  return Buffer.from(`${lines.join('\n')}\n\n${message}`);
}

/** What, why and who: one change is the commit's own subject and trailers, several are listed one by one. */
export function messageOf(changes: readonly RecordChange[]): string {
  const [only] = changes;
  if (changes.length === 1 && only) return `${only.subject}\n\n${trailers(only)}\n${OWN_TRAILER}\n`;
  const parts = changes.map((c) => `${c.subject}\n${trailers(c)}`);
  return `${changes.length} changes: ${changes.map((c) => c.directory.split('/').at(-1)).join(', ')}\n\n${parts.join('\n\n')}\n\n${OWN_TRAILER}\n`;
}

const sanitize = (name: string): string => name.replaceAll(/[<>\n\r]/g, ' ').trim() || COMMITTER.name;
const trailers = (change: RecordChange): string => [...change.trailers].map(([key, value]) => `${key}: ${value.replaceAll('\n', ' ')}`).join('\n');
