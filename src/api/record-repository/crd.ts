import { gitBranch, gitUrl, secretReference } from '../git/schema.ts';
import { age, column, conditions, customResourceDefinition, integer, object, observedGeneration, rules, text } from '../schema.ts';

export const recordRepositoryCrd = customResourceDefinition({
  kind: 'RecordRepository',
  plural: 'recordrepositories',
  singular: 'recordrepository',
  scope: 'Cluster',
  description: 'How an installation keeps its record, the git history of every change. One a cluster, named default.',
  spec: object('How the record is kept.', {
    remote: object(
      'A git server that keeps the record too. Absent: it stands with the controllers alone.',
      {
        url: gitUrl('Where the repository is.'),
        branch: { ...gitBranch, default: 'main' },
        secretRef: secretReference('Secret with username and password, token, or ssh-privatekey and known_hosts.', true),
        pollSeconds: integer('How often the remote is asked for commits by people.', { minimum: 1, maximum: 86400, default: 30 }),
      },
      { required: ['url'] },
    ),
    commits: object('Whose commits change what runs.', {
      authorization: text("RBAC: the author's address is a user who may update the Application. Anyone: whoever can push may.", { enum: ['RBAC', 'Anyone'], default: 'RBAC' }),
      allowedSigners: text('Lines as in ssh-keygen(1), ALLOWED SIGNERS. Set: a commit without a valid signature changes nothing, and the signer is the user.', { maxLength: 65536 }),
    }),
  }),
  status: object('What is.', {
    observedGeneration,
    conditions,
    remoteCommit: text("Where the remote's branch was when it was last reached."),
    waiting: integer('Commits that the remote lacks.'),
  }),
  columns: [
    column('Remote', '.spec.remote.url', 'Where the record is kept too.'),
    column('Behind', '.status.conditions[?(@.type=="RemoteBehind")].status', 'The remote lacks commits, or cannot be asked.'),
    column('Reason', '.status.conditions[?(@.type=="RemoteBehind")].reason', 'Why.'),
    column('Waiting', '.status.waiting', 'Commits that the remote lacks.', 'integer'),
    age,
  ],
  validations: rules(["self.metadata.name == 'default'", 'A cluster has one RecordRepository: its name is default']),
});
