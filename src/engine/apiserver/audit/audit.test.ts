import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../../client/client.ts';
import { ConfigMaps, Pods, Secrets } from '../../../client/kinds.ts';
import { startServerFixture, type ServerFixture } from '../server-fixture.ts';
import { AuditFile } from './audit-file.ts';
import { decideAudit, parseAuditPolicy } from './policy.ts';

const policy = parseAuditPolicy(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: [watcher], verbs: [get, list, watch]}
- {level: None, nonResourceURLs: ['/healthz*', /version]}
- {level: RequestResponse, resources: [{group: '', resources: [configmaps, secrets, pods/status]}], namespaces: [default]}
- {level: Request, userGroups: [auditors]}
- {level: Metadata}
`);

const pods = { group: '', plural: 'pods', namespace: 'default' };
test.for([
  { when: 'a rule takes the user and the verb', user: 'watcher', verb: 'get', resource: pods, level: 'None' },
  { when: 'the verb is another', user: 'watcher', verb: 'create', resource: pods, level: 'Metadata' },
  { when: 'the resource is named', user: 'a', verb: 'create', resource: { ...pods, plural: 'configmaps' }, level: 'RequestResponse' },
  { when: 'a subresource is named', user: 'a', verb: 'update', resource: { ...pods, subresource: 'status' }, level: 'RequestResponse' },
  { when: 'the namespace is another', user: 'a', verb: 'create', resource: { ...pods, plural: 'configmaps', namespace: 'other' }, level: 'Metadata' },
  { when: 'it holds secrets', user: 'a', verb: 'create', resource: { ...pods, plural: 'secrets' }, level: 'Metadata' },
  { when: 'the group is named', user: 'a', groups: ['auditors'], verb: 'list', resource: pods, level: 'Request' },
  { when: 'the path is named with a star', user: 'a', verb: 'get', path: '/healthz/ping', level: 'None' },
])('the level where $when is $level', ({ user, groups = [], verb, resource, path = '/api', level }) => {
  expect(decideAudit(policy, { username: user, groups, verb, path, ...(resource && { resource }) }).level).toBe(level);
});

test.for([
  ['kind: Policy', /apiVersion audit.k8s.io\/v1/],
  ['{apiVersion: audit.k8s.io/v1, kind: Policy}', /at least one rule/],
  ['{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: All}]}', /rules\[0\]\.level is 'All'/],
  ['{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None, omitStages: [End]}]}', /stages are/],
  ['[', /not YAML/],
] as const)('%s is refused', ([text, says]) => expect(() => parseAuditPolicy(text)).toThrow(says));

let dir: string;
let api: ServerFixture;
let client: Client;
let file: AuditFile;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-audit-'));
  file = new AuditFile(join(dir, 'audit.log'));
  api = await startServerFixture({ audit: { policy, sink: file }, staticTokens: [{ token: 'plain-token', user: 'plain', groups: [] }] });
  ({ client } = api);
});
afterAll(async () => {
  await api.stop();
  rmSync(dir, { recursive: true });
});

interface Line { verb: string; level: string; stage: string; user: { username: string }; impersonatedUser?: { username: string }; objectRef?: { resource: string; name?: string }; responseStatus?: { code: number }; requestObject?: object; responseObject?: object }

async function linesWhere(wanted: (line: Line) => boolean): Promise<Line[]> {
  const read = (): Line[] => {
    file.flush();
    return readFileSync(join(dir, 'audit.log'), 'utf8').trim().split('\n').map((l) => JSON.parse(l) as Line).filter(wanted);
  };
  await expect.poll(read, { timeout: 10_000 }).not.toEqual([]);
  return read();
}

test('a write is told with what was asked and answered, a secret only by name', async () => {
  await client.create(ConfigMaps, { metadata: { name: 'one', namespace: 'default' }, data: { a: '1' } });
  await client.create(Secrets, { metadata: { name: 'hidden', namespace: 'default' }, stringData: { password: 'hunter2-value' } });
  const [map] = await linesWhere((l) => l.objectRef?.resource === 'configmaps' && l.verb === 'create');
  expect(map).toMatchObject({ level: 'RequestResponse', stage: 'ResponseComplete', user: { username: 'admin' }, responseStatus: { code: 201 }, requestObject: { data: { a: '1' } }, responseObject: { metadata: { name: 'one', uid: expect.any(String) as string } } });
  const [secret] = await linesWhere((l) => l.objectRef?.resource === 'secrets' && l.verb === 'create');
  expect(secret).toMatchObject({ level: 'Metadata', responseStatus: { code: 201 } });
  expect(readFileSync(join(dir, 'audit.log'), 'utf8')).not.toContain('hunter2');
  expect(statSync(join(dir, 'audit.log')).mode & 0o077).toBe(0);
});

test('a refusal is told, and who acted as whom', async () => {
  await expect(api.clientOf('plain-token').list(Pods, { namespace: 'default' })).rejects.toThrow();
  expect((await linesWhere((l) => l.user.username === 'plain'))[0]).toMatchObject({ verb: 'list', responseStatus: { code: 403 } });
  await client.raw('GET', '/api/v1/namespaces/default/pods', { headers: { 'impersonate-user': 'grace', 'impersonate-group': 'auditors' } });
  expect((await linesWhere((l) => l.impersonatedUser?.username === 'grace'))[0]).toMatchObject({ level: 'Request', user: { username: 'admin' } });
});

test('a file that grows beyond its size is put aside, and no line is lost', () => {
  const path = join(dir, 'small.log');
  const small = new AuditFile(path, 100);
  for (let i = 0; i < 10; i++) {
    small.write(`line ${i} ${'x'.repeat(40)}`);
    small.flush();
  }
  const all = readdirSync(dir).filter((n) => n.startsWith('small.log')).flatMap((n) => readFileSync(join(dir, n), 'utf8').trim().split('\n'));
  expect(all.map((l) => l.split(' ')[1]).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});
