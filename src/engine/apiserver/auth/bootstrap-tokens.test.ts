import { expect, test } from 'vitest';
import type { Secret } from '../../../kubernetes/types.generated.ts';
import { ManualClock } from '../../../runtime/manual-clock.ts';
import { BootstrapTokens } from './bootstrap-tokens.ts';

const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
const secret = (data: Record<string, string> = {}, type = 'bootstrap.kubernetes.io/token'): Secret => ({
  metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }, type,
  data: Object.fromEntries(Object.entries({ 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data }).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
});

test.for([
  { when: 'it is as it should be', kept: secret(), accepted: true },
  { when: 'there is none', kept: undefined, accepted: false },
  { when: 'the secret is another', kept: secret({ 'token-secret': '0123456789abcdee' }), accepted: false },
  { when: 'the secret is empty', kept: secret({ 'token-secret': '' }), accepted: false },
  { when: 'it is not for authentication', kept: secret({ 'usage-bootstrap-authentication': 'false' }), accepted: false },
  { when: 'its time is over', kept: secret({ expiration: '2025-12-31T23:59:59Z' }), accepted: false },
  { when: 'its time is yet to end', kept: secret({ expiration: '2026-01-01T00:00:01Z' }), accepted: true },
  { when: 'its time is no time', kept: secret({ expiration: 'soon' }), accepted: false },
  { when: 'the Secret is of another type', kept: secret({}, 'Opaque'), accepted: false },
])('a bootstrap token is accepted ($accepted) where $when', ({ kept, accepted }) => {
  const tokens = new BootstrapTokens((name) => (name === 'bootstrap-token-abcdef' ? kept : undefined), clock);
  expect(tokens.verify('abcdef.0123456789abcdef') !== undefined).toBe(accepted);
});

test('its user carries the groups that the Secret names, but none outside system:bootstrappers', () => {
  const tokens = new BootstrapTokens(() => secret({ 'auth-extra-groups': 'system:bootstrappers:workers,system:masters' }), clock);
  expect(tokens.verify('abcdef.0123456789abcdef')).toEqual({ username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'] });
});
