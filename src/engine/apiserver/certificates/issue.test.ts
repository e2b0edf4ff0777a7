import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createSign, createVerify, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { expect, test } from 'vitest';
import { issueLeaf, issueRoot, signRequest } from './issue.ts';

const day = 24 * 3600_000;
const now = Date.parse('2026-03-01T12:00:00Z');
const root = await issueRoot('aweigh', now, now + 3650 * day);
const authority = new X509Certificate(root.certPem);
const hosts = ['kubernetes.default.svc', 'localhost', '127.0.0.1', '10.96.0.1', '::1', '2001:db8::1'];

test('the authority signs itself and may sign others', () => {
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(authority.checkIssued(authority)).toBe(true);
  expect(authority.subject).toBe('CN=aweigh');
  expect([Date.parse(authority.validFrom), Date.parse(authority.validTo)]).toEqual([now - 3600_000, now + 3650 * day]);
  expect(authority.toLegacyObject().ext_key_usage).toBeUndefined();
});

test('a serving certificate names its hosts, is signed by the authority, and fits its key', async () => {
  const leaf = await issueLeaf(root, { commonName: 'apiserver' }, hosts, now, now + 365 * day);
  const certificate = new X509Certificate(leaf.certPem);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(leaf.keyPem))).toBe(true);
  for (const host of hosts) expect(/^[\d.]+$|:/.test(host) ? certificate.checkIP(host) : certificate.checkHost(host), host).toBeDefined();
  expect(certificate.checkHost('example.com')).toBeUndefined();
  expect(certificate.checkIP('10.96.0.2')).toBeUndefined();
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  const signature = createSign('sha256').update('x').sign(leaf.keyPem);
  expect(createVerify('sha256').update('x').verify(certificate.publicKey, signature)).toBe(true);
});

test('a client certificate has its organizations, one part each, and its issuer', async () => {
  const leaf = await issueLeaf(root, { commonName: 'admin', organizations: ['system:masters', 'größer'] }, [], now, now + day);
  const certificate = new X509Certificate(leaf.certPem);
  expect(certificate.subject.split('\n').map((part) => Buffer.from(part, 'latin1').toString())).toEqual(['CN=admin', 'O=system:masters', expect.stringMatching(/^O=gr/) as string]);
  expect(certificate.subjectAltName).toBeUndefined();
  expect(certificate.issuer).toBe(authority.subject);
});

async function requested(usage: string): Promise<string> {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=joe', keys, signingAlgorithm: algorithm });
  return signRequest(root, request.toString('pem'), now, { lifetimeMs: day, usages: ['digital signature', usage] });
}

test('a signed request names its issuer', async () => {
  const certificate = new X509Certificate(await requested('client auth'));
  expect(certificate.issuer).toBe(authority.subject);
  expect(certificate.verify(authority.publicKey)).toBe(true);
});

const hasOpenssl = process.env['CI'] !== undefined || spawnSync('openssl', ['version'], { stdio: 'ignore' }).error === undefined;

// Python's clients check this strictly from 3.13 on.
test.skipIf(!hasOpenssl).for(['issued', 'requested'] as const)('a strict check by OpenSSL finds nothing in what is %s', async (how) => {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-issue-'));
  try {
    const leaf = how === 'requested' ? await requested('client auth') : (await issueLeaf(root, { commonName: 'apiserver' }, hosts, now, now + 365 * day)).certPem;
    writeFileSync(join(dir, 'ca.pem'), root.certPem);
    writeFileSync(join(dir, 'leaf.pem'), leaf);
    const { stdout, stderr } = spawnSync('openssl', ['verify', '-x509_strict', '-attime', String(now / 1000), '-CAfile', join(dir, 'ca.pem'), join(dir, 'leaf.pem')], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toMatch(/leaf\.pem: OK/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('times from 2050 on are written with all digits of the year', async () => {
  const late = Date.parse('2055-06-07T08:09:10Z');
  expect(Date.parse(new X509Certificate((await issueRoot('aweigh', now, late)).certPem).validTo)).toBe(late);
});

test('two certificates never have one number', async () => {
  const serials = await Promise.all(Array.from({ length: 20 }, async () => new X509Certificate((await issueLeaf(root, { commonName: 'a' }, [], now, now + day)).certPem).serialNumber));
  expect(new Set(serials).size).toBe(20);
  for (const serial of serials) expect(serial).toMatch(/^01[0-9A-F]{30}$/);
});
