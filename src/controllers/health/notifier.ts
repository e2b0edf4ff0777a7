import type { Notice } from './notify.ts';

/** One channel on which people hear of health. */
export interface Notifier {
  /** `slack`, `email`, `webhook`: also what is remembered of who heard what. */
  readonly name: string;
  /** Resolves when the channel has taken it. @throws when it has not: it is tried again */
  send(notice: Notice, text: NoticeText, signal: AbortSignal): Promise<void>;
}

export interface NoticeText {
  readonly subject: string;
  readonly body: string;
}

/** Says for each alert the service, the rule, the value, since when, and the next command. */
export function noticeText(notice: Notice): NoticeText {
  const applications = [...new Set(notice.alerts.map((a) => a.finding.application))];
  const critical = notice.alerts.filter((a) => a.finding.severity === 'critical').length;
  const state = notice.kind === 'resolved' ? 'healed' : critical > 0 ? 'critical' : 'warning';
  const lines = notice.alerts.map(({ finding, since, healedAt }) => {
    const when = healedAt === undefined ? `since ${new Date(since).toISOString()}` : `from ${new Date(since).toISOString()} to ${new Date(healedAt).toISOString()}`;
    return `${finding.rule}: ${finding.message} (${when})${notice.kind === 'firing' ? `\n  next: ${finding.next}` : ''}`;
  });
  return { subject: `[aweigh] ${applications.slice(0, 3).join(', ')}${applications.length > 3 ? ` and ${applications.length - 3} more` : ''}: ${state}`, body: lines.join('\n') };
}
