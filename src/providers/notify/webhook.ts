import type { Notifier } from '../../controllers/health/notifier.ts';

/** POSTs `{ kind, subject, alerts }` as JSON; any answer of 200 to 299 counts as taken. */
export function webhookNotifier(url: string): Notifier {
  return {
    name: 'webhook',
    async send({ kind, alerts }, { subject }, signal) {
      const body = JSON.stringify({ kind, subject, alerts: alerts.map(({ finding, since, healedAt }) => ({ ...finding, since: new Date(since).toISOString(), ...(healedAt === undefined ? {} : { healedAt: new Date(healedAt).toISOString() }) })) });
      const reply = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal });
      if (!reply.ok) throw new Error(`The webhook answered ${reply.status}; it is tried again`);
    },
  };
}
