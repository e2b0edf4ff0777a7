import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../runtime/clock.ts';

export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads these as groups. */
  readonly organizations?: readonly string[];
}

const dayMs = 24 * 3600 * 1000;

/** Signs certificates of the cluster. Keys are P-256; everything is kept in `dir` (mode 0600), so that a restart changes nothing. */
export class CertificateAuthority {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #pair: KeyPair;

  private constructor(dir: string, clock: Clock, pair: KeyPair) {
    this.#dir = dir;
    this.#clock = clock;
    this.#pair = pair;
  }

  /** Opens the authority in `dir`, or makes one there. */
  static async open(dir: string, clock: Clock): Promise<CertificateAuthority> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const kept = readPair(dir, 'ca');
    if (kept !== undefined) return new CertificateAuthority(dir, clock, kept);
    const { issueRoot } = await import('./issue.ts');
    const pair = await issueRoot('aweigh', clock.now(), clock.now() + 3650 * dayMs);
    writePair(dir, 'ca', pair);
    return new CertificateAuthority(dir, clock, pair);
  }

  get caPem(): string {
    return this.#pair.certPem;
  }

  /** A serving certificate for these names and addresses, kept as `name` and renewed in its last 30 days or when the names change. */
  async serving(name: string, hosts: readonly string[]): Promise<KeyPair> {
    return this.#kept(name, { commonName: name }, hosts);
  }

  /** A client certificate, kept as `name`. */
  async client(name: string, subject: Subject): Promise<KeyPair> {
    return this.#kept(name, subject, []);
  }

  /** The subject of a PKCS#10 request.
   *  @throws {Error} for what is no request */
  async read(requestPem: string): Promise<{ readonly commonName: string; readonly organizations: readonly string[] }> {
    const { readRequest } = await import('./issue.ts');
    return readRequest(requestPem);
  }

  /** Signs a PKCS#10 request as it stands. */
  async sign(requestPem: string, options: { readonly lifetimeMs: number; readonly usages: readonly string[] }): Promise<string> {
    const { signRequest } = await import('./issue.ts');
    return signRequest(this.#pair, requestPem, this.#clock.now(), options);
  }

  async #kept(name: string, subject: Subject, hosts: readonly string[]): Promise<KeyPair> {
    const kept = readPair(this.#dir, name);
    const now = this.#clock.now();
    if (kept !== undefined && this.#isGood(kept, hosts, now)) return kept;
    const { issueLeaf } = await import('./issue.ts');
    const pair = await issueLeaf(this.#pair, subject, hosts, now, now + 365 * dayMs);
    writePair(this.#dir, name, pair);
    return pair;
  }

  #isGood(pair: KeyPair, hosts: readonly string[], now: number): boolean {
    const certificate = new X509Certificate(pair.certPem);
    if (Date.parse(certificate.validTo) - 30 * dayMs < now) return false;
    return hosts.every((h) => (/^[\d.]+$|:/.test(h) ? certificate.checkIP(h) : certificate.checkHost(h)) !== undefined);
  }
}

function readPair(dir: string, name: string): KeyPair | undefined {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(cert) || !existsSync(key)) return undefined;
  return { certPem: readFileSync(cert, 'utf8'), keyPem: readFileSync(key, 'utf8') };
}

function writePair(dir: string, name: string, pair: KeyPair): void {
  for (const [file, text] of [[`${name}.key`, pair.keyPem], [`${name}.crt`, pair.certPem]] as const) {
    writeFileSync(join(dir, file), text, { mode: 0o600 });
    chmodSync(join(dir, file), 0o600);
  }
}
