import type { CertificateSigningRequestCondition, CertificateSigningRequestSpec, CertificateSigningRequestStatus } from '../../../../kubernetes/types.generated.ts';
import { dnsSubdomain, pathSegmentName } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';
import type { KindObject } from '../strategy.ts';

const USAGES = new Set(['signing', 'digital signature', 'content commitment', 'key encipherment', 'key agreement', 'data encipherment', 'cert sign', 'crl sign', 'encipher only', 'decipher only', 'any', 'server auth', 'client auth', 'code signing', 'email protection', 's/mime', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'timestamping', 'ocsp signing', 'microsoft sgc', 'netscape sgc']);
const MIN_SECONDS = 600;
const SEQUENCE = 0x30;
const MAX_SIGNER_NAME = 571;

export const certificateSigningRequest: KindRules = {
  group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest', namespaced: false, name: pathSegmentName,
  prepare(object, { user }) {
    const spec = object['spec'] as CertificateSigningRequestSpec;
    spec.username = user.username;
    if (user.uid !== undefined && user.uid !== '') spec.uid = user.uid;
    else delete spec.uid;
    spec.groups = [...user.groups];
    if (user.extra !== undefined && Object.keys(user.extra).length > 0) spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
    else delete spec.extra;
  },
  validate(object, found) {
    const spec = object['spec'] as CertificateSigningRequestSpec;
    if (!isCertificateRequest(spec.request as string | null)) found.invalid('spec.request', '<request>', 'must be a PEM certificate request');
    const usages = (spec.usages ?? []) as string[];
    if (usages.length === 0) found.required('spec.usages');
    usages.forEach((usage, i) => {
      if (!USAGES.has(usage)) found.notSupported(`spec.usages[${i}]`, usage, USAGES);
      if (usages.indexOf(usage) < i) found.duplicate(`spec.usages[${i}]`, usage);
    });
    if (spec.signerName === 'kubernetes.io/legacy-unknown') found.invalid('spec.signerName', spec.signerName, 'is not signed for in this version');
    else validateSignerName(spec.signerName, 'spec.signerName', found);
    if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_SECONDS) found.invalid('spec.expirationSeconds', spec.expirationSeconds, `must be ${MIN_SECONDS} or more`);
  },
  prepareUpdate(object, old) {
    object['spec'] = old['spec'];
  },
  prepareStatusUpdate(object, old, { now }) {
    const conditionsOf = (of: KindObject): CertificateSigningRequestCondition[] => (of['status'] as CertificateSigningRequestStatus | undefined)?.conditions ?? [];
    for (const condition of conditionsOf(object)) {
      condition.lastUpdateTime ??= now;
      condition.lastTransitionTime ??= conditionsOf(old).find((c) => c.type === condition.type && c.status === condition.status)?.lastTransitionTime ?? now;
    }
  },
};

function isCertificateRequest(base64: string | null): boolean {
  const pem = Buffer.from(base64 ?? '', 'base64').toString();
  const body = /-----BEGIN CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]*)-----END CERTIFICATE REQUEST-----/.exec(pem)?.[1];
  if (body === undefined) return false;
  const der = Buffer.from(body, 'base64');
  if (der[0] !== SEQUENCE || der.length < 4) return false;
  const first = der[1] as number;
  if (first < 0x80) return der.length === first + 2;
  const bytes = first - 0x80;
  return bytes > 0 && bytes <= 4 && der.length === der.readUIntBE(2, bytes) + 2 + bytes;
}

/** `domain/path`, the domain with at least two labels. */
export function validateSignerName(name: string, path: string, found: Findings): void {
  if (name === '') {
    found.required(path);
    return;
  }
  const parts = name.split('/');
  if (parts.length !== 2) {
    found.invalid(path, name, 'must be a domain and a name, such as example.com/signer');
    return;
  }
  const [domain = '', rest = ''] = parts;
  const bad = dnsSubdomain(domain);
  found.eachInvalid(path, domain, bad);
  if (domain.split('.').length < 2) found.invalid(path, domain, 'the domain must have at least two parts');
  for (const label of rest.split('.')) if (dnsSubdomain(label).length > 0) {
    found.invalid(path, rest, 'must be labels joined by dots');
    break;
  }
  if (name.length > MAX_SIGNER_NAME) found.tooLong(path, `must be at most ${MAX_SIGNER_NAME} characters`);
}
