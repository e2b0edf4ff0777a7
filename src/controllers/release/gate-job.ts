import type { Gate } from '../../api/application/application.ts';
import { fillPlaceholders } from '../../api/application/placeholders.ts';
import { pinConfig } from '../../api/build/config.ts';
import type { ResolvedTrack } from '../../api/application/defaults.ts';
import { API_VERSION, LABELS } from '../../api/group.ts';
import { candidateServiceName, labelValue } from '../../api/names.ts';
import type { Job } from '../../kubernetes/types.generated.ts';
import { buildOf, nameOf, versionOf, type Observed } from './observed.ts';
import type { WorkingRelease } from './turn.ts';

type TestJob = Extract<Gate, { testJob: unknown }>['testJob'];

/**
 * The Job of a test gate. `CANDIDATE_URL` is the address of one ready pod of the new version on this track, which no user reaches yet,
 * `CANDIDATE_URLS` those of all, `CANDIDATE_HOST` the DNS name of its headless Service (a pod that is a plain process has no cluster DNS).
 * Its pods carry no label by which a Service of the Application selects.
 */
export function gateJob(observed: Observed, working: WorkingRelease, track: ResolvedTrack, test: TestJob, name: string, addresses: readonly string[]): Job {
  const { application } = observed;
  const { namespace = 'default' } = application.metadata ?? {};
  const version = versionOf(observed, working.build);
  const build = buildOf(observed, working.build);
  const host = `${candidateServiceName(nameOf(application), track, version)}.${namespace}.svc.cluster.local`;
  const environment = [
    { name: 'CANDIDATE_URL', value: `http://${addresses[0]}` },
    { name: 'CANDIDATE_URLS', value: addresses.map((a) => `http://${a}`).join(',') },
    { name: 'CANDIDATE_HOST', value: host },
  ];
  const template = pinConfig(fillPlaceholders(test.template, {
    image: build?.spec.image ?? '', version, track: track.name, application: nameOf(application), commit: build?.spec.commit ?? '',
  }), build?.spec.config);
  const labels = { [LABELS.release]: labelValue(working.name), 'aweigh.dev/gate': labelValue(name) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: { ...labels, [LABELS.application]: nameOf(application), [LABELS.track]: track.name },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'Release', name: working.name, uid: working.release.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      backoffLimit: test.backoffLimit ?? 0,
      activeDeadlineSeconds: test.timeoutSeconds ?? 600,
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
