import type { Notifier } from '../../controllers/health/notifier.ts';
import { emailNotifier } from '../../providers/notify/email.ts';
import { slackNotifier } from '../../providers/notify/slack.ts';
import { webhookNotifier } from '../../providers/notify/webhook.ts';
import { aborted } from '../aborted.ts';
import { dataRoot } from '../data-option.ts';
import type { Terminal } from '../terminal.ts';
import { addressRanges } from './address-ranges.ts';
import { runControlPlane, startDataApiServer } from './control-plane.ts';
import { openDataDirectory } from './data-directory.ts';
import type { PartOptions } from './part-options.ts';
import { chooseRouter, type RouterChoice } from './router-choice.ts';

export async function runControlPlaneProcess(terminal: Terminal, options: PartOptions & { router: RouterChoice; faults?: string }): Promise<void> {
  const { clock, env, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const ranges = await addressRanges(data.root, random);
  await runControlPlane({
    data, port: options.port, serviceCidr: ranges.services, defaultProvider: chooseRouter(options.router, env['PATH'] ?? ''), notifiers: notifiers(env),
    ...(options.faults === undefined ? {} : { faultsFile: options.faults }), clock, random, log, signal,
  });
}

export async function runApiServerProcess(terminal: Terminal, options: PartOptions): Promise<void> {
  const { clock, log, random, signal } = terminal;
  const data = openDataDirectory(dataRoot(terminal, options.data));
  const server = await startDataApiServer({ data, port: options.port, serviceCidr: (await addressRanges(data.root, random)).services, clock, log, random });
  terminal.out.write(`${server.url} answers, kubeconfig ${data.kubeconfig}\n`);
  await aborted(signal);
  await server.close();
}

/** Who is told when an Application's health is critical, and when it heals: by environment, since their addresses are secrets. */
function notifiers(env: Terminal['env']): Notifier[] {
  const slack = env['AWEIGH_SLACK_WEBHOOK'], webhook = env['AWEIGH_WEBHOOK'], smtp = env['AWEIGH_SMTP_URL'], to = env['AWEIGH_MAIL_TO'];
  return [
    ...(slack ? [slackNotifier(slack)] : []),
    ...(webhook ? [webhookNotifier(webhook)] : []),
    ...(smtp && to ? [emailNotifier({ url: smtp, from: env['AWEIGH_MAIL_FROM'] ?? 'aweigh@localhost', to: to.split(',') })] : []),
  ];
}
