import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import type { Notice } from '../../controllers/health/notify.ts';
import { noticeText } from '../../controllers/health/notifier.ts';
import { emailNotifier } from './email.ts';
import { slackNotifier } from './slack.ts';
import { webhookNotifier } from './webhook.ts';

const notice: Notice = {
  kind: 'firing', channel: 'any',
  alerts: [{ since: 0, seenAt: 0, told: [], returns: [], finding: { id: 'a', rule: 'TrackBelowFloor', severity: 'critical', namespace: 'default', application: 'shop', subject: 'free', message: 'shop: track free (v1) has 1 endpoints, its floor is 2', value: 1, wanted: 2, next: 'kubectl get pods' } }],
};
const text = noticeText(notice);
const closers: (() => void)[] = [];
afterEach(() => { for (const close of closers.splice(0)) close(); });

async function receiver(status: number): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (part: Buffer) => { body += part.toString(); }).on('end', () => { bodies.push(body); outgoing.writeHead(status).end('ok'); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, bodies };
}

test('the text names service, rule, value, since when and the next command', () => {
  expect(text.subject).toBe('[aweigh] shop: critical');
  expect(text.body).toBe('TrackBelowFloor: shop: track free (v1) has 1 endpoints, its floor is 2 (since 1970-01-01T00:00:00.000Z)\n  next: kubectl get pods');
});

test('Slack gets the text', async () => {
  const { url, bodies } = await receiver(200);
  await slackNotifier(url).send(notice, text, AbortSignal.timeout(5_000));
  expect((JSON.parse(bodies[0] ?? '') as { text: string }).text).toContain('TrackBelowFloor');
});

test('a webhook gets the findings, and a refusal is an error', async () => {
  const taking = await receiver(204);
  await webhookNotifier(taking.url).send(notice, text, AbortSignal.timeout(5_000));
  expect(JSON.parse(taking.bodies[0] ?? '')).toMatchObject({ kind: 'firing', alerts: [{ rule: 'TrackBelowFloor', value: 1, wanted: 2 }] });
  const refusing = await receiver(500);
  await expect(webhookNotifier(refusing.url).send(notice, text, AbortSignal.timeout(5_000))).rejects.toThrow('500');
});

test('a real SMTP server gets the mail', async () => {
  const mails: string[] = [];
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], onData(stream, _, done) {
    let mail = '';
    stream.on('data', (part: Buffer) => { mail += part.toString(); }).on('end', () => { mails.push(mail); done(); });
  } });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  closers.push(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  await emailNotifier({ url: `smtp://127.0.0.1:${port}`, from: 'aweigh@localhost', to: ['ops@localhost'] }).send(notice, text, AbortSignal.timeout(5_000));
  expect(mails[0]).toContain('Subject: [aweigh] shop: critical');
});
