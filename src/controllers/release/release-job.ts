import type { Gate, Hook } from '../../api/application/application.ts';
import { fillPlaceholders } from '../../api/application/placeholders.ts';
import { pinConfig } from '../../api/build/config.ts';
import type { ResolvedTrack } from '../../api/application/defaults.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { candidateServiceName, labelValue } from '../../api/names.ts';
import type { Job } from '../../kubernetes/types.generated.ts';
import { buildOf, nameOf, versionOf, type Observed } from './observed.ts';
import type { WorkingRelease } from './turn.ts';

type TestJob = Extract<Gate, { testJob: unknown }>['testJob'];
type Environment = readonly { readonly name: string; readonly value: string }[];

/**
 * The Job of a test gate. `CANDIDATE_URL` is the address of one ready pod of the new version on this track, which no user reaches yet,
 * `CANDIDATE_URLS` those of all, `CANDIDATE_HOST` the DNS name of its headless Service (a pod that is a plain process has no cluster DNS).
 */
export function gateJob(observed: Observed, working: WorkingRelease, track: ResolvedTrack, test: TestJob, name: string, addresses: readonly string[]): Job {
  const { namespace = 'default' } = observed.application.metadata ?? {};
  const host = `${candidateServiceName(nameOf(observed.application), track, versionOf(observed, working.build))}.${namespace}.svc.cluster.local`;
  return releaseJob(observed, working, track, test, name, { 'aweigh.dev/gate': labelValue(name) }, [
    { name: 'CANDIDATE_URL', value: `http://${addresses[0]}` },
    { name: 'CANDIDATE_URLS', value: addresses.map((a) => `http://${a}`).join(',') },
    { name: 'CANDIDATE_HOST', value: host },
  ]);
}

/** The Job of a hook. `PREVIOUS_BUILD` is empty where the track served nothing before. */
export function hookJob(observed: Observed, working: WorkingRelease, track: ResolvedTrack, hook: Hook, name: string, previousBuild: string | undefined): Job {
  return releaseJob(observed, working, track, hook, name, { 'aweigh.dev/hook': labelValue(name) }, [
    { name: 'RELEASE', value: working.name },
    { name: 'BUILD', value: working.build },
    { name: 'PREVIOUS_BUILD', value: previousBuild ?? '' },
  ]);
}

/** Its pods carry no label by which a Service of the Application selects. */
function releaseJob(observed: Observed, working: WorkingRelease, track: ResolvedTrack, from: Omit<TestJob & Hook, 'name' | 'onFailure'>, name: string, label: Record<string, string>, environment: Environment): Job {
  const { application } = observed;
  const build = buildOf(observed, working.build);
  const template = pinConfig(fillPlaceholders(from.template, {
    image: build?.spec.image ?? '', version: versionOf(observed, working.build), track: track.name, application: nameOf(application), commit: build?.spec.commit ?? '',
  }), build?.spec.config);
  const labels = { [LABELS.release]: labelValue(working.name), ...label };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: application.metadata?.namespace ?? 'default',
      labels: { ...labels, [LABELS.application]: nameOf(application), [LABELS.track]: track.name },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'Release', name: working.name, uid: working.release.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      backoffLimit: from.backoffLimit ?? 0,
      activeDeadlineSeconds: from.timeoutSeconds ?? 600,
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
        ...(template.spec && {
          spec: {
            ...template.spec,
            restartPolicy: template.spec.restartPolicy ?? 'Never',
            containers: template.spec.containers.map((c) => ({ ...c, env: [...environment, ...(c.env ?? [])] })),
          },
        }),
      },
    },
  };
}

export interface JobVerdict {
  readonly state: 'Running' | 'Passed' | 'Failed';
  readonly message: string;
}

export function judgeJob(job: Job): JobVerdict {
  const is = (type: string) => job.status?.conditions?.find((c) => c.type === type && c.status === 'True');
  const failed = is('Failed');
  if (failed !== undefined) return { state: 'Failed', message: `Job ${nameOf(job)} failed: ${failed.message ?? failed.reason ?? 'no reason given'}; its output: aweigh release logs ${job.metadata?.labels?.[LABELS.application] ?? ''}` };
  if (is('Complete') !== undefined) return { state: 'Passed', message: `Job ${nameOf(job)} succeeded` };
  return { state: 'Running', message: `Job ${nameOf(job)} runs` };
}
