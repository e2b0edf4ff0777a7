import { Command } from 'commander';
import { hasEnded, type Release } from '../../api/release/release.ts';
import * as ask from '../../api/release/commands.ts';
import { Applications, Builds, Deliveries, Releases, Routers } from '../../api/kinds.ts';
import { LABELS } from '../../api/group.ts';
import { buildName, labelValue, routerName } from '../../api/names.ts';
import { Pods } from '../../client/kinds.ts';
import { planRelease, planText } from '../../controllers/release/plan.ts';
import { isNotFound } from '../../client/status-error.ts';
import { useCluster, withAccess, type AccessOptions, type ClusterAccess } from '../cluster-access.ts';
import { countFrom } from '../count-option.ts';
import { Screen } from '../demo/screen.ts';
import { renderView } from '../demo/view.ts';
import { EXIT } from '../exit-code.ts';
import { planInput } from '../operations/plan-input.ts';
import { copyPodLogs } from '../operations/copy-pod-logs.ts';
import { groupMembers, groupText } from '../operations/group-members.ts';
import { getApplication, releaseInMotion, releasesOf } from '../operations/releases-of.ts';
import { waitFor } from '../operations/wait-for.ts';
import { age } from '../output/age.ts';
import { outputOption, print, type OutputFormat } from '../output/print.ts';
import { table } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { releaseText } from './release-text.ts';

interface SteerOptions extends AccessOptions {
  readonly release?: string;
  readonly reason?: string;
  readonly track?: string;
}

export function releaseCommand(terminal: Terminal): Command {
  const command = new Command('release').description('follow and steer the Releases of an Application');
  const verb = (name: string, description: string): Command => withAccess(command.command(name).description(description).argument('<application>'));
  const steer = (name: string, description: string): Command => verb(name, description).option('--release <name>', 'where more than one is in motion').option('--reason <text>', 'for the record');

  verb('status', 'one Release: its tracks, gates and last steps')
    .option('--release <name>', 'default: the one in motion, else the last')
    .addOption(outputOption())
    .action((application: string, options: AccessOptions & { release?: string; output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      const release = await chosen(access, application, options.release);
      print(terminal, options.output, release, (r) => releaseText(r, terminal.clock.now()));
    }));
  verb('history', 'all Releases, newest last')
    .addOption(outputOption())
    .action((application: string, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      await getApplication(access, application);
      print(terminal, options.output, await releasesOf(access, application), (releases) => history(releases, terminal.clock.now()));
    }));
  withAccess(command.command('group').description('the Releases of a group: how far each of its Applications is').argument('<group>'))
    .addOption(outputOption())
    .action((group: string, options: AccessOptions & { output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      print(terminal, options.output, await groupMembers(access, group), (members) => groupText(members));
    }));
  verb('plan', 'what a release will do, step by step, and whether quotas leave room for it')
    .option('--to <version>', 'version in the text', 'the next build')
    .addOption(outputOption())
    .action((application: string, options: AccessOptions & { to: string; output: OutputFormat }) => useCluster(terminal, options, async (access) => {
      print(terminal, options.output, planRelease({ ...(await planInput(access, application)), version: options.to }), planText);
    }));
  verb('logs', "what a release's test jobs and hooks wrote")
    .option('--release <name>', 'default: the one in motion, else the last')
    .option('--tail <lines>', 'last lines of each', countFrom(0), 200)
    .action((application: string, options: AccessOptions & { release?: string; tail: number }) => useCluster(terminal, options, async (access) => {
      const name = (await chosen(access, application, options.release)).metadata?.name ?? '';
      const { items } = await access.client.list(Pods, { namespace: access.namespace, labelSelector: `${LABELS.release}=${labelValue(name)}` });
      if (items.length === 0) throw new UserError(`Release ${name} has started no test job and no hook that is still kept`);
      await copyPodLogs(terminal, access, items, options);
    }));
  verb('watch', 'show a release live until it has ended')
    .option('--release <name>', 'default: the one in motion, else the last')
    .option('--until <phase>', 'the phase to wait for; exit code 3 where the release ends in another', 'Completed')
    .option('--timeout <seconds>', 'give up after so long, with exit code 4', countFrom(1), 3_600)
    .action((application: string, options: AccessOptions & { release?: string; until: string; timeout: number }) => useCluster(terminal, options, (access) => watch(terminal, access, application, options)));
  steer('approve', 'let an approval gate pass')
    .option('--track <track>', 'default: the track that waits')
    .option('--gate <gate>', 'default: the one that waits')
    .action((application: string, options: SteerOptions & { gate?: string }) => useCluster(terminal, options, (access) => approve(terminal, access, application, options)));
  steer('pause', 'stop after the step in hand')
    .action((application: string, options: SteerOptions) => change(terminal, options, application, (release) => ask.pause(release), 'is paused'));
  steer('resume', 'go on after pause; ends a hold of the Application too')
    .action((application: string, options: SteerOptions) => useCluster(terminal, options, async (access) => {
      const found = await getApplication(access, application);
      if (found.spec.hold === true) {
        await access.client.patch(Applications, { namespace: access.namespace, name: application }, { spec: { hold: false } });
        terminal.out.write(`${application} is no longer held\n`);
        if (!(await releasesOf(access, application)).some((r) => !hasEnded(r) && r.spec.paused === true)) return;
      }
      await steerRelease(terminal, access, application, options, (release) => ask.resume(release), 'goes on');
    }));
  steer('abort', 'end the release and put back what its tracks held')
    .option('--at-once', "not in the Application's steps")
    .action((application: string, options: SteerOptions & { atOnce?: boolean }) => change(terminal, options, application, (release) => ask.abort(release, terminal.actor, options.reason ?? 'aborted by hand', options.atOnce), 'is being aborted'));
  steer('promote', "skip the remaining gates of the release's track, or of all tracks with --track '*'")
    .option('--track <track>', 'default: the track it is on')
    .option('--hook <name>', 'skip this hook, which failed, instead of gates')
    .action((application: string, options: SteerOptions & { hook?: string }) => change(terminal, options, application, (release) => {
      const track = options.track ?? release.status?.track;
      if (track === undefined) throw new UserError(`Release ${release.metadata?.name} is on no track yet: name one with --track`);
      return ask.promote(release, { track, ...(options.hook === undefined ? {} : { hook: options.hook }), actor: terminal.actor, ...(options.reason === undefined ? {} : { reason: options.reason }) });
    }, 'is promoted'));
  verb('rollback', 'go back to an earlier Build on every track that holds a later one, weight first')
    .option('--to <version>', 'default: the Build that production served before')
    .option('--reason <text>', 'for the record')
    .action((application: string, options: AccessOptions & { to?: string; reason?: string }) => useCluster(terminal, options, (access) => rollback(terminal, access, application, options)));
  verb('hotfix', 'take a Build through the tracks past those in motion, without gates')
    .requiredOption('--to <version>', 'the Build to release')
    .requiredOption('--reason <text>', 'why the gates may be skipped, for the record')
    .action((application: string, options: AccessOptions & { to: string; reason: string }) => useCluster(terminal, options, (access) => again(terminal, access, application, options, ask.hotfix)));
  verb('retry', 'release a Build once more, after its Release failed or was aborted')
    .requiredOption('--to <version>', 'the Build to release')
    .option('--reason <text>', 'for the record', 'tried again by hand')
    .action((application: string, options: AccessOptions & { to: string; reason: string }) => useCluster(terminal, options, (access) => again(terminal, access, application, options, ask.retry)));
  return command;
}

async function again(terminal: Terminal, access: ClusterAccess, application: string, options: { to: string; reason: string }, make: typeof ask.hotfix): Promise<void> {
  const { client, namespace } = access;
  await getApplication(access, application);
  const build = buildName(application, options.to);
  await requireBuild(access, build);
  const release = make({ namespace, application, build, actor: terminal.actor, reason: options.reason, existing: await releasesOf(access, application) });
  await client.create(Releases, release);
  terminal.out.write(`Release ${release.metadata?.name} takes ${build} through the tracks\n`);
}

async function requireBuild({ client, namespace }: ClusterAccess, build: string): Promise<void> {
  await client.get(Builds, { namespace, name: build }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new UserError(`There is no Build ${build}: 'kubectl get builds -n ${namespace}' lists those that are kept`, { cause: error });
  });
}

async function chosen(access: ClusterAccess, application: string, name: string | undefined): Promise<Release> {
  if (name !== undefined) return releaseInMotion(access, application, name);
  await getApplication(access, application);
  const releases = await releasesOf(access, application);
  const release = releases.findLast((r) => !hasEnded(r)) ?? releases.at(-1);
  if (release === undefined) throw new UserError(`${application} has no Release yet: 'aweigh push ${application} DIR' makes the first`);
  return release;
}

function history(releases: readonly Release[], now: number): string {
  if (releases.length === 0) return 'No releases yet';
  return table(['RELEASE', 'TYPE', 'PHASE', 'TRACK', 'BY', 'AGE', 'MESSAGE'], releases.map((r) => [
    r.metadata?.name ?? '', r.spec.type ?? 'promotion', r.status?.phase ?? 'Pending', r.status?.track ?? '-', r.spec.actor ?? 'aweigh', age(r.metadata?.creationTimestamp, now), r.status?.message ?? '',
  ]));
}

async function watch(terminal: Terminal, access: ClusterAccess, application: string, options: { release?: string; until: string; timeout: number }): Promise<void> {
  const { client, namespace } = access;
  const first = await chosen(access, application, options.release);
  const name = first.metadata?.name ?? '';
  const screen = new Screen(terminal.out);
  const startedAt = terminal.clock.now();
  const key = { namespace, name: application };
  const missing = (error: unknown): undefined => { if (!isNotFound(error)) throw error; return undefined; };
  const phase = await waitFor(`Release ${name} to be ${options.until}`, { clock: terminal.clock, deadlineMs: options.timeout * 1_000, signal: terminal.signal, intervalMs: 500 }, async () => {
    const [found, delivery, router, release] = await Promise.all([
      client.get(Applications, key), client.get(Deliveries, key).catch(missing), client.get(Routers, { namespace, name: routerName(application) }).catch(missing), client.get(Releases, { namespace, name }),
    ]);
    const requests = router?.status?.requests ?? [];
    screen.draw(renderView({
      application: found, delivery, router, releases: [release], elapsedMs: terminal.clock.now() - startedAt,
      load: { requests: requests.reduce((sum, r) => sum + r.total, 0), failed: requests.reduce((sum, r) => sum + r.errors, 0) },
    }));
    const now = release.status?.phase;
    return now === options.until || hasEnded(release) ? now : undefined;
  });
  screen.keep();
  if (phase !== options.until) throw new UserError(`Release ${name} ended ${phase}, not ${options.until}: 'aweigh release status ${application}' tells why`, { exitCode: EXIT.unwell });
}

async function change(terminal: Terminal, options: SteerOptions, application: string, patch: (release: Release) => ask.ReleasePatch, done: string): Promise<void> {
  await useCluster(terminal, options, (access) => steerRelease(terminal, access, application, options, patch, done));
}

async function steerRelease(terminal: Terminal, { client, namespace }: ClusterAccess, application: string, options: SteerOptions, patch: (release: Release) => ask.ReleasePatch, done: string): Promise<void> {
  const release = await releaseInMotion({ client, namespace }, application, options.release);
  const name = release.metadata?.name ?? '';
  if (hasEnded(release)) throw new UserError(`Release ${name} has ended (${release.status?.phase}): nothing is left to steer`);
  await client.patch(Releases, { namespace, name }, patch(release));
  terminal.out.write(`Release ${name} ${done}\n`);
}

async function approve(terminal: Terminal, access: ClusterAccess, application: string, options: SteerOptions & { gate?: string }): Promise<void> {
  await steerRelease(terminal, access, application, options, (release) => {
    const [waiting] = ask.pendingApprovals(release).filter((p) => (options.track ?? p.track) === p.track && (options.gate ?? p.gate) === p.gate);
    const track = options.track ?? waiting?.track;
    const gate = options.gate ?? waiting?.gate;
    if (track === undefined || gate === undefined) throw new UserError(`Release ${release.metadata?.name} waits for no approval${options.track === undefined ? '' : ` on ${options.track}`}: to give one ahead, name --track and --gate`);
    return ask.approve(release, { track, gate, actor: terminal.actor, at: new Date(terminal.clock.now()).toISOString(), ...(options.reason === undefined ? {} : { message: options.reason }) });
  }, 'is approved');
}

async function rollback(terminal: Terminal, access: ClusterAccess, application: string, options: { to?: string; reason?: string }): Promise<void> {
  const { client, namespace } = access;
  await getApplication(access, application);
  const releases = await releasesOf(access, application);
  const build = options.to === undefined ? previousBuild(releases) : buildName(application, options.to);
  if (build === undefined) throw new UserError(`${application} has served nothing before: name the version to go back to with --to`);
  await requireBuild(access, build);
  const release = ask.rollback({ namespace, application, build, actor: terminal.actor, reason: options.reason ?? 'rolled back by hand', existing: releases });
  await client.create(Releases, release);
  terminal.out.write(`Release ${release.metadata?.name} takes ${application} back to ${build}\n`);
}

/** What the last track served before the newest Release that touched it. */
function previousBuild(releases: readonly Release[]): string | undefined {
  for (const release of releases.toReversed()) {
    const served = release.status?.tracks?.toReversed().find((t) => t.previousBuild !== undefined && t.phase !== 'Queued');
    if (served?.previousBuild !== undefined) return served.previousBuild;
  }
  return undefined;
}
