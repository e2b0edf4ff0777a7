import { expect, test } from 'vitest';
import type { Condition } from '../../../api/group.ts';
import { Acceptances } from './acceptances.ts';
import { parentAnswer } from './answers.ts';
import { judge, type Probed } from './judge.ts';
import type { Gateway, HttpRoute, ParentStatus } from './kinds.ts';

const condition = (type: string, status: Condition['status'], observedGeneration: number, reason = type): Condition => ({ type, status, reason, message: `says ${reason}`, lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration });
const parent = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'edge', namespace: 'infra' };
const route = (...parents: { ref?: Partial<ParentStatus['parentRef']>; conditions: Condition[] }[]): HttpRoute => ({
  metadata: { name: 'shop', namespace: 'default', generation: 3 }, spec: { parentRefs: [parent], rules: [] },
  status: { parents: parents.map(({ ref, conditions }) => ({ parentRef: { ...parent, ...ref }, controllerName: 'example.net/gateway', conditions })) },
});
const gateway = (...conditions: Condition[]): Gateway => ({ metadata: { generation: 1 }, spec: { gatewayClassName: 'edge', listeners: [] }, status: { conditions } });
const programmed = gateway(condition('Programmed', 'True', 1));
const good = [condition('Accepted', 'True', 3), condition('ResolvedRefs', 'True', 3)];

test.for([
  { when: 'accepted in this generation', route: route({ conditions: good }), gateway: programmed, then: { outcome: 'accepted' } },
  { when: 'there is no Gateway', route: route({ conditions: good }), gateway: undefined, then: { outcome: 'refused', reason: 'GatewayMissing' } },
  { when: 'the Gateway is not programmed', route: route({ conditions: good }), gateway: gateway(condition('Programmed', 'False', 1, 'AddressNotUsable')), then: { outcome: 'refused', reason: 'GatewayNotProgrammed' } },
  { when: 'the Gateway was programmed before it changed', route: route({ conditions: good }), gateway: gateway(condition('Programmed', 'True', 0)), then: { outcome: 'silent' } },
  { when: 'nobody speaks of the Gateway', route: route({ conditions: good }), gateway: gateway(), then: { outcome: 'silent' } },
  { when: 'nobody speaks of the route', route: route(), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'only another Gateway speaks', route: route({ ref: { name: 'other' }, conditions: good }), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'only another listener speaks', route: route({ ref: { sectionName: 'web' }, conditions: good }), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'an older generation was accepted', route: route({ conditions: [condition('Accepted', 'True', 2), condition('ResolvedRefs', 'True', 2)] }), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'backends were not looked at yet', route: route({ conditions: [condition('Accepted', 'True', 3)] }), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'an older generation was refused', route: route({ conditions: [condition('Accepted', 'False', 2), condition('ResolvedRefs', 'True', 3)] }), gateway: programmed, then: { outcome: 'silent' } },
  { when: 'it is refused', route: route({ conditions: [condition('Accepted', 'False', 3, 'NotAllowedByListeners'), condition('ResolvedRefs', 'True', 3)] }), gateway: programmed, then: { outcome: 'refused', reason: 'NotAllowedByListeners' } },
  { when: 'a backend is not found', route: route({ conditions: [condition('Accepted', 'True', 3), condition('ResolvedRefs', 'False', 3, 'BackendNotFound')] }), gateway: programmed, then: { outcome: 'refused', reason: 'BackendNotFound' } },
  { when: 'a part is left out', route: route({ conditions: [...good, condition('PartiallyInvalid', 'True', 3, 'UnsupportedValue')] }), gateway: programmed, then: { outcome: 'refused', reason: 'PartiallyInvalid' } },
  { when: 'one of two controllers has not accepted', route: route({ conditions: good }, { conditions: [] }), gateway: programmed, then: { outcome: 'silent' } },
])('$when', ({ route: asked, gateway: by, then }) => expect(parentAnswer(asked, parent, by)).toMatchObject(then));

test('a message names what is asked, and the way out', () => {
  expect(parentAnswer(route(), parent, undefined)).toMatchObject({ message: 'There is no Gateway infra/edge: make it, or mend spec.router.gateway.parentRefs' });
  expect(parentAnswer(route(), parent, programmed)).toMatchObject({ message: expect.stringMatching(/GatewayClass edge run.*allow routes of namespace default/) });
});

const judged = (answer: ReturnType<typeof parentAnswer>, acceptedAt: number | undefined, now: number) => judge({ gateway: 'infra/edge', answer, changedAt: 10_000, acceptedAt, now }, { settleSeconds: 3, answerSeconds: 60 });

test('what is accepted counts once its data plane had its time; silence is calm until the deadline', () => {
  expect(judged({ outcome: 'accepted' }, 11_000, 13_999)).toMatchObject({ outcome: 'waits', reason: 'Settling', calm: true, dueAt: 14_000 });
  expect(judged({ outcome: 'accepted' }, 11_000, 14_000)).toEqual({ gateway: 'infra/edge', outcome: 'routes', at: 14_000 });
  const probed = (of: Probed, now: number, settle: object = {}) => judge({ gateway: 'infra/edge', answer: { outcome: 'accepted' }, changedAt: 10_000, acceptedAt: 10_500, probed: of, now }, { answerSeconds: 60, ...settle });
  expect(probed({ outcome: 'waits', message: 'but' }, 69_999)).toMatchObject({ outcome: 'waits', reason: 'NotFollowed', calm: true });
  expect(probed({ outcome: 'waits', message: 'but' }, 70_000)).toMatchObject({ outcome: 'waits', reason: 'NeverFollowed', calm: false });
  expect(probed({ outcome: 'follows', at: 12_000 }, 12_000)).toEqual({ gateway: 'infra/edge', outcome: 'routes', at: 12_000 });
  expect(probed({ outcome: 'follows', at: 12_000 }, 12_500, { settleSeconds: 1 })).toMatchObject({ outcome: 'waits', reason: 'Settling', dueAt: 13_000 });
  expect(judged({ outcome: 'silent', message: 'hm' }, undefined, 69_999)).toMatchObject({ outcome: 'waits', reason: 'NotAccepted', calm: true, dueAt: 70_000 });
  expect(judged({ outcome: 'silent', message: 'hm.' }, undefined, 70_000)).toEqual({ gateway: 'infra/edge', outcome: 'waits', reason: 'NoAnswer', message: 'hm. Nothing was heard for 60 s', calm: false });
  expect(judged({ outcome: 'refused', reason: 'BackendNotFound', message: 'x' }, undefined, 11_000)).toMatchObject({ reason: 'BackendNotFound', calm: false });
});

test('acceptance counts from when it was seen; one that was there before anybody looked, from the change', () => {
  const acceptances = new Acceptances();
  const note = (generation: number, accepted: boolean, time: number) => acceptances.note('default/shop', 'infra/edge', { generation, accepted, changedAt: 10_000, time });
  expect(note(3, true, 90_000)).toBe(10_000);
  expect(note(4, false, 91_000)).toBeUndefined();
  expect(note(4, true, 92_000)).toBe(92_000);
  expect(note(4, true, 95_000)).toBe(92_000);
  expect(note(4, false, 96_000)).toBeUndefined();
  expect(note(4, true, 97_000)).toBe(97_000);
});
