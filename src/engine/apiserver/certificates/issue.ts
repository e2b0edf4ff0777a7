import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { ipBits } from '../validation/ip-address.ts';
import type { KeyPair, Subject } from './authority.ts';
import { bits, der, elements, identifier, integer, octets, sequence, setOf, tagged, text, time, yes } from './der.ts';

// Written by hand: what can write and read any certificate takes 8 MB and a third of the time in which a cluster of nothing is ready.
const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'));
const USAGE = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const;
const version3 = tagged(0, integer(Buffer.from([2])));

interface Content {
  /** DER, as are `subject` and `extensions`. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** A self-signed certificate that may sign others. Times in milliseconds since the epoch. */
export function issueRoot(name: string, fromMs: number, untilMs: number): KeyPair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = nameOf({ commonName: name });
  return pair(keys.privateKey, signed(keys.privateKey, {
    issuer: subject, subject, fromMs: fromMs - 3600_000, untilMs, publicKey: keys.publicKey,
    extensions: [basicConstraints(true), keyUsage(USAGE.digitalSignature | USAGE.keyCertSign | USAGE.cRLSign), extension('2.5.29.14', octets(keyIdentifier(keys.publicKey)))],
  }));
}

/** A certificate for serving (where `hosts` is not empty) and as a client. */
export function issueLeaf(authority: KeyPair, subject: Subject, hosts: readonly string[], fromMs: number, untilMs: number): KeyPair {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return pair(keys.privateKey, signed(createPrivateKey(authority.keyPem), {
    issuer: subjectOf(authority.certPem), subject: nameOf(subject), fromMs: fromMs - 3600_000, untilMs, publicKey: keys.publicKey,
    extensions: [
      basicConstraints(false), keyUsage(USAGE.digitalSignature),
      extension('2.5.29.35', sequence(der(0x80, keyIdentifier(createPublicKey(authority.certPem))))),
      extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'), identifier('1.3.6.1.5.5.7.3.2'))),
      ...(hosts.length === 0 ? [] : [extension('2.5.29.17', sequence(...hosts.map(alternativeName)))]),
    ],
  }));
}

function signed(key: KeyObject, { issuer, subject, fromMs, untilMs, publicKey, extensions }: Content): Buffer {
  // The first byte keeps the number above 0 and its length the same.
  const serial = integer(Buffer.concat([Buffer.from([1]), randomBytes(15)]));
  const content = sequence(version3, serial, ecdsaWithSha256, issuer, sequence(time(fromMs), time(untilMs)), subject, spki(publicKey), tagged(3, sequence(...extensions)));
  return sequence(content, ecdsaWithSha256, bits(sign('sha256', content, key)));
}

function pair(key: KeyObject, certificate: Buffer): KeyPair {
  const lines = certificate.toString('base64').replace(/.{1,64}/g, '$&\n');
  return { certPem: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`, keyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string };
}

/** The common name and then the organizations, each a part of its own. */
function nameOf({ commonName, organizations = [] }: Subject): Buffer {
  const part = (type: string, value: string): Buffer => setOf(sequence(identifier(type), text(value)));
  return sequence(part('2.5.4.3', commonName), ...organizations.map((o) => part('2.5.4.10', o)));
}

/** The name of a certificate byte by byte: clients compare an issuer with it that way. */
function subjectOf(certPem: string): Buffer {
  const [content] = elements(new X509Certificate(certPem).raw);
  const [, , , , , subject] = elements(content as Buffer);
  return subject as Buffer;
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** RFC 5280, 4.2.1.2, the first of its two ways. */
function keyIdentifier(key: KeyObject): Buffer {
  const [, bitString] = elements(spki(key));
  return createHash('sha1').update((bitString as Buffer).subarray(3)).digest();
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(identifier(id), ...(critical ? [yes] : []), octets(value));
}

const basicConstraints = (isAuthority: boolean): Buffer => extension('2.5.29.19', isAuthority ? sequence(yes) : sequence(), true);

function keyUsage(flags: number): Buffer {
  return extension('2.5.29.15', bits(Buffer.from([flags]), 31 - Math.clz32(flags & -flags)), true);
}

/** A DNS name, or an address in bytes. */
function alternativeName(host: string): Buffer {
  const address = ipBits(host);
  if (address === undefined) return der(0x82, Buffer.from(host));
  return der(0x87, Buffer.from(address.value.toString(16).padStart(address.bits / 4, '0'), 'hex'));
}
