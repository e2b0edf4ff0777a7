import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/** The only name that a RecordRepository can have. */
export const RECORD_REPOSITORY = 'default';

/** How an installation keeps its record: one object a cluster, made by Aweigh where nobody did. */
export interface RecordRepository extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: RecordRepositorySpec;
  status?: RecordRepositoryStatus;
}

export interface RecordRepositorySpec {
  /** A git server that keeps the record too. Absent: it stands on this machine alone. */
  remote?: RecordRemote;
  commits?: CommitRules;
}

export interface RecordRemote {
  url: string;
  /** Default `main`. */
  branch?: string;
  /** Absent: what the ssh agent knows, or no login. */
  secretRef?: { namespace: string; name: string };
  /** How often the remote is asked for commits by people. Default 30. */
  pollSeconds?: number;
}

/** Whose commits change what runs. */
export interface CommitRules {
  /** `RBAC` (default): the author's address is a user who may update the Application. `Anyone`: whoever can push may. */
  authorization?: 'RBAC' | 'Anyone';
  /** Lines as in ssh-keygen(1), ALLOWED SIGNERS. Set: a commit without a valid signature changes nothing, and the signer is the user. */
  allowedSigners?: string;
}

export interface RecordRepositoryStatus {
  observedGeneration?: number;
  /** `RemoteBehind`: the remote lacks commits, or cannot be asked. `Restored`: every Application of the record is in the cluster. */
  conditions?: Condition[];
  /** Where the remote's branch was when it was last reached. */
  remoteCommit?: string;
  /** Commits that the remote lacks. */
  waiting?: number;
}
