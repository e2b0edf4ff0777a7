import { RE2JS } from 're2js';
import { compare, prerelease, satisfies, valid, validRange } from 'semver';

export type TagRule = { readonly semver: string } | { readonly pattern: string };

export type TagChoice =
  | { readonly outcome: 'chosen'; readonly tag: string }
  | { readonly outcome: 'none'; readonly message: string }
  | { readonly outcome: 'invalid'; readonly message: string };

const byNumber = new Intl.Collator('en', { numeric: true });
const SHOWN = 5;

/** The tag that a rule means: the highest version in a range, or the highest of those that match a pattern, numbers in them as numbers. */
export function chooseTag(tags: readonly string[], rule: TagRule): TagChoice {
  if ('semver' in rule) {
    if (validRange(rule.semver) === null) return { outcome: 'invalid', message: `'${rule.semver}' is no range of versions: ranges are like '>=1.2 <2' or '1.x'` };
    // A range that names a prerelease wants prereleases.
    const options = { includePrerelease: rule.semver.includes('-') && /-\w/.test(rule.semver) };
    const fitting = tags.filter((tag) => valid(tag) !== null && satisfies(tag, rule.semver, options) && (options.includePrerelease || prerelease(tag) === null));
    return highest(tags, fitting.toSorted((a, b) => compare(a, b) || byNumber.compare(a, b)), `is a version in ${rule.semver}`);
  }
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(rule.pattern);
  } catch (error) {
    return { outcome: 'invalid', message: `'${rule.pattern}' is no regular expression of RE2: ${error instanceof Error ? error.message : String(error)}` };
  }
  const fitting = tags.flatMap((tag) => {
    const matcher = pattern.matcher(tag);
    if (!matcher.matches()) return [];
    return [{ tag, order: matcher.groupCount() > 0 ? (matcher.group(1) ?? tag) : tag }];
  });
  return highest(tags, fitting.toSorted((a, b) => byNumber.compare(a.order, b.order) || byNumber.compare(a.tag, b.tag)).map((f) => f.tag), `matches ${rule.pattern}`);
}

function highest(all: readonly string[], ascending: readonly string[], rule: string): TagChoice {
  const tag = ascending.at(-1);
  if (tag !== undefined) return { outcome: 'chosen', tag };
  const there = all.length === 0 ? 'it has no tags' : `it has ${all.slice(-SHOWN).join(', ')}${all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ''}`;
  return { outcome: 'none', message: `No tag ${rule}: ${there}` };
}
