import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../runtime/system-clock.ts';
import { CertificateAuthority } from '../../certificates/authority.ts';

export interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a webhook reads of it differs by kind.
  readonly request: { readonly uid: string; readonly [field: string]: any };
}

/** What a path answers: a value as JSON, a text as it is, a number as that status, undefined never. */
type Answer = unknown;

/** A webhook in a process of tests: HTTPS with an authority of its own. */
export interface WebhookServer {
  readonly port: number;
  /** Base64, for a `caBundle`. */
  readonly caBundle: string;
  /** The path that is asked, and what it says to each review. */
  serve(path: string, answer: (review: Review) => Answer): { readonly url: string; readonly caBundle: string };
  close(): Promise<void>;
}

export async function startWebhookServer(names: readonly string[] = []): Promise<WebhookServer> {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-webhook-'));
  const authority = await CertificateAuthority.open(dir, systemClock);
  const { certPem, keyPem } = await authority.serving('webhook', ['127.0.0.1', ...names]);
  const paths = new Map<string, (review: Review) => Answer>();
  const server = createServer({ cert: certPem, key: keyPem }, (req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (text: string) => (body += text));
    req.on('end', () => {
      const answer = paths.get((req.url ?? '').replace(/\?timeout=\d+s$/, ''));
      if (answer === undefined) { res.writeHead(404).end(); return; }
      const said = answer(JSON.parse(body) as Review);
      if (said === undefined) return;
      if (typeof said === 'number') res.writeHead(said).end();
      else res.writeHead(200, { 'content-type': 'application/json' }).end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(authority.caPem).toString('base64');
  return {
    port, caBundle,
    serve(path, answer) {
      paths.set(path, answer);
      return { url: `https://127.0.0.1:${port}${path}`, caBundle };
    },
    close: () => new Promise((resolve) => {
      server.close(() => { rmSync(dir, { recursive: true }); resolve(); });
      server.closeAllConnections();
    }),
  };
}
