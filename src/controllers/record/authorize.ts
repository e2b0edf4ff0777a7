import { GROUP } from '../../api/group.ts';
import { RecordRepositories } from '../../api/kinds.ts';
import { RECORD_REPOSITORY } from '../../api/record-repository/record-repository.ts';
import { SubjectAccessReviews } from '../../client/kinds.ts';
import type { ObjectKey } from '../../client/resource.ts';
import type { ControllerContext } from '../../runtime/controller.ts';
import type { RecordCommit, Repository } from './repository.ts';

/** Why a commit may not change an Application, with the way out; undefined where it may. */
export async function refusalOf(context: ControllerContext, repository: Repository, commit: RecordCommit, application: ObjectKey): Promise<string | undefined> {
  const { remote, commits = {} } = context.informer(RecordRepositories).get({ name: RECORD_REPOSITORY })?.spec ?? {};
  let user = commit.email;
  if (commits.allowedSigners !== undefined) {
    const signature = await repository.signerOf(commit.sha, commits.allowedSigners);
    if (signature.signer === undefined) return `${signature.fault}: commits need the signature of a signer that RecordRepository ${RECORD_REPOSITORY} lists in spec.commits.allowedSigners`;
    user = signature.signer;
  }
  // Without a remote whoever writes to the work tree owns the installation's files, its keys among them.
  const rule = commits.authorization ?? (remote === undefined ? 'Anyone' : 'RBAC');
  if (rule === 'Anyone') return undefined;
  const review = await context.client.create(SubjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview',
    spec: { user, groups: ['system:authenticated'], resourceAttributes: { group: GROUP, resource: 'applications', verb: 'update', name: application.name, ...(application.namespace === undefined ? {} : { namespace: application.namespace }) } },
  });
  if (review.status?.allowed === true) return undefined;
  return `User ${user} may not update Application ${application.namespace}/${application.name}: bind them a role that may, such as edit, or revert as somebody who may`;
}
