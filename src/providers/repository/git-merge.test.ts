import { expect, test } from 'vitest';
import { mergeFiles } from './git-merge.ts';

const files = (text: string): Map<string, string> => new Map(text.split(' ').filter(Boolean).map((f) => f.split('=') as [string, string]));

test.for([
  { when: 'nobody changed anything', base: 'a=1', ours: 'a=1', theirs: 'a=1', merged: 'a=1' },
  { when: 'we changed', base: 'a=1', ours: 'a=2', theirs: 'a=1', merged: 'a=2' },
  { when: 'they changed', base: 'a=1', ours: 'a=1', theirs: 'a=3', merged: 'a=3' },
  { when: 'both changed: their wish', base: 'a=1', ours: 'a=2', theirs: 'a=3', merged: 'a=3' },
  { when: 'each added', base: '', ours: 'a=1', theirs: 'b=1', merged: 'a=1 b=1' },
  { when: 'they removed', base: 'a=1 b=1', ours: 'a=1 b=1', theirs: 'b=1', merged: 'b=1' },
  { when: 'we removed', base: 'a=1 b=1', ours: 'b=1', theirs: 'a=1 b=1', merged: 'b=1' },
  { when: 'we removed what they changed: their wish', base: 'a=1', ours: '', theirs: 'a=2', merged: 'a=2' },
])('$when', ({ base, ours, theirs, merged }) => expect(mergeFiles(files(base), files(ours), files(theirs))).toEqual(files(merged)));
