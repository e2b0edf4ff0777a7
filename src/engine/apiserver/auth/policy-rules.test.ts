import { expect, test } from 'vitest';
import type { PolicyRule } from '../../../kubernetes/types.generated.ts';
import { missingRules } from './policy-rules.ts';

const pods = (verbs: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({ apiGroups: [''], resources: ['pods'], verbs, ...more });

test.for([
  { when: 'the same rule is held', held: [pods(['get'])], wanted: [pods(['get'])], missing: [] },
  { when: 'two rules together hold it', held: [pods(['get']), pods(['list'])], wanted: [pods(['get', 'list'])], missing: [] },
  { when: 'a star holds everything', held: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], wanted: [pods(['get']), { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['*'] }], missing: [] },
  { when: 'a star is wanted and only names are held', held: [pods(['get', 'list'])], wanted: [pods(['*'])], missing: [pods(['*'])] },
  { when: 'only one name is held', held: [pods(['get'], { resourceNames: ['a'] })], wanted: [pods(['get'], { resourceNames: ['a', 'b'] })], missing: [pods(['get'], { resourceNames: ['b'] })] },
  { when: 'one name is held and all are wanted', held: [pods(['get'], { resourceNames: ['a'] })], wanted: [pods(['get'])], missing: [pods(['get'])] },
  { when: 'a subresource of everything is held', held: [{ apiGroups: ['apps'], resources: ['*/scale'], verbs: ['update'] }], wanted: [{ apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['update'] }], missing: [] },
  { when: 'the resource is held and its subresource is wanted', held: [pods(['get'])], wanted: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }], missing: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }] },
  { when: 'a path below a held prefix is wanted', held: [{ nonResourceURLs: ['/apis/*'], verbs: ['get'] }], wanted: [{ nonResourceURLs: ['/apis/apps', '/metrics'], verbs: ['get'] }], missing: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] },
])('what is missing where $when', ({ held, wanted, missing }) => expect(missingRules(held, wanted)).toEqual(missing));
