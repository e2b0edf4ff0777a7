import { webcrypto } from 'node:crypto';
import type { ControlAuthority } from '../../controllers/routing/control-authority.ts';
import type { Clock } from '../../runtime/clock.ts';
import { x509 } from '../../runtime/x509.ts';

/** The name in every router's certificate: pods come and go, so their addresses are not in it. */
export const ROUTER_SERVER_NAME = 'router.aweigh.dev';
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEARS = 10;

/** Certificates for {@link CONTROL_PORT}: TLS 1.3 on both sides, valid ten years from a day ago. */
export function controlAuthority(clock: Clock): ControlAuthority {
  const crypto = webcrypto;
  return {
    async issue(router) {
      const now = clock.now();
      const validity = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + YEARS * 365 * 86_400_000) };
      const keys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const [caKeys, serverKeys, clientKeys] = await Promise.all([keys(), keys(), keys()]);
      const ca = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: '01', name: `CN=${router} control`, ...validity, signingAlgorithm: algorithm, keys: caKeys,
        extensions: [new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)],
      });
      const leaf = (serialNumber: string, name: string, pair: webcrypto.CryptoKeyPair, usage: x509.ExtendedKeyUsage, extra: x509.Extension[]) =>
        x509.X509CertificateGenerator.create({
          serialNumber, subject: `CN=${name}`, issuer: ca.subject, ...validity, signingAlgorithm: algorithm, publicKey: pair.publicKey, signingKey: caKeys.privateKey,
          extensions: [new x509.BasicConstraintsExtension(false, undefined, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), new x509.ExtendedKeyUsageExtension([usage]), ...extra],
        });
      const [server, client] = await Promise.all([
        leaf('02', ROUTER_SERVER_NAME, serverKeys, x509.ExtendedKeyUsage.serverAuth, [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: ROUTER_SERVER_NAME }])]),
        leaf('03', 'routing', clientKeys, x509.ExtendedKeyUsage.clientAuth, []),
      ]);
      const pem = async (key: webcrypto.CryptoKey) => x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
      const serverKey = await pem(serverKeys.privateKey);
      return {
        pod: { 'ca.crt': line(ca.toString('pem')), 'router.pem': `${line(server.toString('pem'))}${line(serverKey)}` },
        client: { ca: line(ca.toString('pem')), certificate: line(client.toString('pem')), key: line(await pem(clientKeys.privateKey)) },
      };
    },
  };
}

const line = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
