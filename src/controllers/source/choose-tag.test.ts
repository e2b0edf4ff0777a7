import { expect, test } from 'vitest';
import { chooseTag, type TagRule } from './choose-tag.ts';

const tags = ['latest', 'v1.9.0', 'v1.10.0', 'v2.0.0', 'v2.1.0-rc.1', 'main-9', 'main-10', 'main-10-debug', '20261124'];

test.for<{ when: string; rule: TagRule; then: string }>([
  { when: 'numbers count as numbers', rule: { semver: '1.x' }, then: 'v1.10.0' },
  { when: 'a range without an upper end', rule: { semver: '>=1.0.0' }, then: 'v2.0.0' },
  { when: 'prereleases only where the range names one', rule: { semver: '>=2.1.0-0' }, then: 'v2.1.0-rc.1' },
  { when: 'a pattern matches the whole tag', rule: { pattern: 'main-\\d+' }, then: 'main-10' },
  { when: 'the first group orders', rule: { pattern: '(?:main|v)-?(\\d+).*' }, then: 'main-10-debug' },
  { when: 'a fixed tag that moves', rule: { pattern: 'latest' }, then: 'latest' },
])('$when', ({ rule, then }) => expect(chooseTag(tags, rule)).toEqual({ outcome: 'chosen', tag: then }));

test('none, and what there is instead', () => {
  expect(chooseTag(['latest'], { semver: '^3' })).toEqual({ outcome: 'none', message: 'No tag is a version in ^3: it has latest' });
});

test.for<{ rule: TagRule }>([{ rule: { semver: 'newest' } }, { rule: { pattern: '(' } }, { rule: { pattern: '(?=x)' } }])('$rule is refused with its value', ({ rule }) => {
  expect(chooseTag(tags, rule)).toMatchObject({ outcome: 'invalid', message: expect.stringContaining(`'${Object.values(rule)[0]}'`) as string });
});

test('a pattern that would take for ever elsewhere ends', () => {
  expect(chooseTag(['a'.repeat(128)], { pattern: '(a+)+b' }).outcome).toBe('none');
});
