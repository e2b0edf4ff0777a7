import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import type { NotificationSpec } from '../../api/notification/notification.ts';
import type { NotificationChannelSpec } from '../../api/notification-channel/notification-channel.ts';
import { CertificateAuthority } from '../../engine/apiserver/certificates/authority.ts';
import { systemClock } from '../../runtime/system-clock.ts';
import { emailNotifier } from './email.ts';
import { slackNotifier } from './slack.ts';
import { webhookNotifier } from './webhook.ts';

const message: NotificationSpec = {
  channel: 'any', kind: 'firing', severity: 'critical', dedupeKey: 'aweigh-system/any-17', subject: '[aweigh] critical: account-service: track free (v1) has 1 ready endpoint, its floor is 2',
  text: 'CRITICAL TrackBelowFloor in default: a < b & c\n  next: kubectl get pods', total: 1,
  alerts: [{ namespace: 'default', service: 'account-service', subject: 'track/free', rule: 'TrackBelowFloor', severity: 'critical', message: 'm', value: 1, wanted: 2, since: '2026-01-01T00:00:00.000Z', next: 'kubectl get pods' }],
};
const recovery: NotificationSpec = { ...message, kind: 'resolved', dedupeKey: 'aweigh-system/any-18', closes: ['aweigh-system/any-17'] };
const SECRET = 'T0/B0/not-to-be-seen';
const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const closers: (() => void)[] = [];
afterEach(() => { for (const close of closers.splice(0)) close(); });

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receiver(status: number, headers: Record<string, string> = {}): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (part: Buffer) => { body += part.toString(); }).on('end', () => { received.push({ headers: incoming.headers, body }); outgoing.writeHead(status, headers).end(SECRET); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${SECRET}`, received };
}

const errorOf = async (sending: Promise<unknown>): Promise<string> => sending.then(() => 'none', (error: unknown) => `${String(error)} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ''}`);

test('Slack gets the text, escaped as Slack wants it', async () => {
  const { url, received } = await receiver(200);
  await slackNotifier.send({}, { url }, message, soon());
  const { text } = JSON.parse(received[0]?.body ?? '') as { text: string };
  expect(text).toContain('*[aweigh] critical: account-service');
  expect(text).toContain('a &lt; b &amp; c');
});

test('a webhook gets the message as JSON with its key, the authorization and a signature', async () => {
  const { url, received } = await receiver(204);
  await webhookNotifier.send({}, { url, authorization: 'Bearer abc', 'signing-key': 'k' }, message, soon());
  expect(JSON.parse(received[0]?.body ?? '')).toEqual(message);
  expect(received[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-aweigh-key': message.dedupeKey, 'x-aweigh-signature': `sha256=${createHmac('sha256', 'k').update(received[0]?.body ?? '').digest('hex')}` });
});

test.for([
  { what: 'refuses', status: 500, says: 'answered 500' },
  { what: 'redirects', status: 302, says: 'answered 302' },
  { what: 'does not know the address', status: 404, says: 'is the address in the Secret still right?' },
])('one that $what has not taken it, and no error holds the address or the answer', async ({ status, says }) => {
  const { url } = await receiver(status, { Location: 'http://127.0.0.1:1/elsewhere' });
  for (const notifier of [slackNotifier, webhookNotifier]) {
    const error = await errorOf(notifier.send({}, { url, authorization: 'Bearer abc' }, message, soon()));
    expect(error).toContain(says);
    for (const secret of [SECRET, 'abc', url]) expect(error).not.toContain(secret);
  }
});

test('one that asks to wait is asked again no sooner', async () => {
  const { url } = await receiver(429, { 'Retry-After': '30' });
  await expect(slackNotifier.send({}, { url }, message, soon())).rejects.toMatchObject({ retryAfterMs: 30_000 });
});

test('one that is away says so without its address', async () => {
  expect(await errorOf(slackNotifier.send({}, { url: `http://127.0.0.1:1/${SECRET}` }, message, soon()))).toMatch(/^DeliveryError: Slack cannot be reached: \w+/);
  expect(await errorOf(slackNotifier.send({}, {}, message, soon()))).toContain("no key 'url'");
  expect(await errorOf(slackNotifier.send({}, { url: 'file:///etc/passwd' }, message, soon()))).toContain('no http or https URL');
});

interface Mail {
  readonly user?: string;
  readonly secure: boolean;
  readonly text: string;
}

async function mailServer(options: SMTPServerOptions): Promise<{ port: number; mails: Mail[] }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({ logger: false, ...options, onData(stream, session, done) {
    let text = '';
    stream.on('data', (part: Buffer) => { text += part.toString(); }).on('end', () => { mails.push({ secure: session.secure, text, ...(session.user === undefined ? {} : { user: session.user as string }) }); done(); });
  } });
  server.on('error', () => {});
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => server.close());
  return { port: (server.server.address() as AddressInfo).port, mails };
}

async function certificate(): Promise<{ cert: string; key: string; ca: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'aweigh-mail-'));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  const authority = await CertificateAuthority.open(dir, systemClock);
  const serving = await authority.serving('mail', ['127.0.0.1']);
  return { cert: serving.certPem, key: serving.keyPem, ca: authority.caPem };
}

const mailTo = (port: number, tls?: 'none' | 'starttls' | 'implicit'): NotificationChannelSpec => ({ email: { host: '127.0.0.1', port, from: 'aweigh@example.org', to: ['ops@example.org'], ...(tls && { tls }) } });
const login: Pick<SMTPServerOptions, 'onAuth'> = { onAuth: ({ username, password }, _, done) => (username === 'ops' && password === 'right' ? done(null, { user: username }) : done(new Error(`no ${password}`))) };

test('a mail goes over STARTTLS with the login of the Secret; message and recovery are one thread', async () => {
  const { cert, key, ca } = await certificate();
  const { port, mails } = await mailServer({ cert, key, ...login });
  const credentials = { username: 'ops', password: 'right', 'ca.crt': ca };
  await emailNotifier.send(mailTo(port), credentials, message, soon());
  await emailNotifier.send(mailTo(port), credentials, recovery, soon());
  expect(mails).toMatchObject([{ secure: true, user: 'ops' }, { secure: true, user: 'ops' }]);
  expect(mails[0]?.text).toMatch(/Subject: \[aweigh\] critical: account-service/);
  expect(mails[0]?.text).toContain('Message-ID: <aweigh-system.any-17@aweigh>');
  expect(mails[1]?.text).toContain('In-Reply-To: <aweigh-system.any-17@aweigh>');
});

test('a wrong password is told without the password', async () => {
  const { cert, key, ca } = await certificate();
  const { port } = await mailServer({ cert, key, ...login });
  const error = await errorOf(emailNotifier.send(mailTo(port), { username: 'ops', password: 'wr0ng', 'ca.crt': ca }, message, soon()));
  expect(error).toContain('refused the login');
  expect(error).not.toContain('wr0ng');
});

test('without TLS, or with a certificate that nobody vouches for, nothing is sent', async () => {
  const plain = await mailServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] });
  expect(await errorOf(emailNotifier.send(mailTo(plain.port), {}, message, soon()))).toContain('DeliveryError');
  const { cert, key } = await certificate();
  const unknown = await mailServer({ cert, key, ...login });
  expect(await errorOf(emailNotifier.send(mailTo(unknown.port), { username: 'ops', password: 'right' }, message, soon()))).toContain('DeliveryError');
  expect([...plain.mails, ...unknown.mails]).toEqual([]);
});

test('a server of this machine may be used in clear, and one refused recipient of two is a remark', async () => {
  const { port, mails } = await mailServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], onRcptTo: ({ address }, _, done) => done(address.startsWith('nobody') ? new Error('unknown') : null) });
  const spec = mailTo(port, 'none');
  expect(await emailNotifier.send(spec, {}, message, soon())).toBeUndefined();
  expect(await emailNotifier.send({ email: { ...spec.email!, to: ['ops@example.org', 'nobody@example.org'] } }, {}, message, soon())).toContain('refused 1 of 2 recipients');
  expect(mails).toHaveLength(2);
});
