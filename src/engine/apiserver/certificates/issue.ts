import { webcrypto, randomBytes } from 'node:crypto';
import { x509 } from '../../../runtime/x509.ts';
import type { KeyPair, Subject } from './authority.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const serial = (): string => `01${randomBytes(15).toString('hex')}`;

async function pem(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate): Promise<KeyPair> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const body = pkcs8.toString('base64').replace(/.{1,64}/g, '$&\n');
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: `-----BEGIN PRIVATE KEY-----\n${body}-----END PRIVATE KEY-----\n` };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function signingKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(keyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

/** A self-signed certificate that may sign others. Times in milliseconds since the epoch. */
export async function issueRoot(name: string, fromMs: number, untilMs: number): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(), name: `CN=${name}`, notBefore: new Date(fromMs - 3600_000), notAfter: new Date(untilMs), keys, signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pem(keys, certificate);
}

/** A certificate for serving (where `hosts` is not empty) and as a client. */
export async function issueLeaf(authority: KeyPair, subject: Subject, hosts: readonly string[], fromMs: number, untilMs: number): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(), issuer: issuer.subject, subject: new x509.Name([{ CN: [subject.commonName] }, ...(subject.organizations ?? []).map((o) => ({ O: [o] }))]).toString(),
    notBefore: new Date(fromMs - 3600_000), notAfter: new Date(untilMs), publicKey: keys.publicKey, signingKey: await signingKey(authority.keyPem), signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map((h) => ({ type: /^[\d.]+$|:/.test(h) ? 'ip' as const : 'dns' as const, value: h })))]),
    ],
  });
  return pem(keys, certificate);
}

const usageFlags: Readonly<Record<string, number>> = { 'digital signature': x509.KeyUsageFlags.digitalSignature, 'key encipherment': x509.KeyUsageFlags.keyEncipherment };

/** Whom a PKCS#10 request is for. */
export function readRequest(requestPem: string): { commonName: string; organizations: string[] } {
  const { subjectName } = new x509.Pkcs10CertificateRequest(requestPem);
  return { commonName: subjectName.getField('CN')[0] ?? '', organizations: subjectName.getField('O') };
}

/** Signs a PKCS#10 request with its own subject and alternative names.
 *  @throws {Error} when its signature does not match its key */
export async function signRequest(authority: KeyPair, requestPem: string, nowMs: number, options: { readonly lifetimeMs: number; readonly usages: readonly string[] }): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(requestPem);
  if (!(await request.verify())) throw new Error('The certificate request is not signed by its own key');
  const issuer = new x509.X509Certificate(authority.certPem);
  const names = request.extensions.filter((e) => e instanceof x509.SubjectAlternativeNameExtension);
  const extended = [...(options.usages.includes('server auth') ? [x509.ExtendedKeyUsage.serverAuth] : []), ...(options.usages.includes('client auth') ? [x509.ExtendedKeyUsage.clientAuth] : [])];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(), issuer: issuer.subject, subject: request.subject, notBefore: new Date(nowMs - 300_000), notAfter: new Date(nowMs + options.lifetimeMs),
    publicKey: request.publicKey, signingKey: await signingKey(authority.keyPem), signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(options.usages.reduce((flags, u) => flags | (usageFlags[u] ?? 0), 0), true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]), ...names,
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
