import type { GitCredentials } from '../../api/git/credentials.ts';

/** One change of one Application's part of the record. */
export interface RecordChange {
  /** The Application's folder; every file of it is in `files`, what else it held is removed. */
  readonly directory: string;
  /** Content by path below `directory`; undefined: it stays as HEAD has it. Empty: the folder goes. */
  readonly files: ReadonlyMap<string, string | undefined>;
  /** First line of the commit. */
  readonly subject: string;
  /** Git trailers, such as `Release: account-service-v1.18.0`. */
  readonly trailers: ReadonlyMap<string, string>;
  /** Who asked for the change. */
  readonly actor: string;
  /** Changes that are not wait for the commit after. */
  readonly urgent?: boolean;
}

export interface RecordCommit {
  readonly sha: string;
  readonly author: string;
  readonly email: string;
  readonly subject: string;
  /** Made by Aweigh, not by a person. */
  readonly own: boolean;
}

export type Signature = { readonly signer: string; readonly fault?: never } | { readonly signer?: never; readonly fault: string };

/** A git server that keeps the record too. */
export interface Remote {
  readonly url: string;
  readonly branch: string;
  /** Absent: what the ssh agent knows, or none. */
  readonly credentials?: GitCredentials;
}

export type RemoteFailure = 'Unreachable' | 'AccessDenied' | 'NotFound' | 'PushRefused' | 'OtherHistory' | 'Corrupt';

/** How one exchange with the remote ended. */
export type Exchange =
  | { readonly outcome: 'synchronized'; readonly commit: string | undefined; readonly takenIn: number; readonly pushed: number }
  /** Nothing is lost by it: the commits that the remote lacks stay here. */
  | { readonly outcome: 'failed'; readonly reason: RemoteFailure; readonly message: string; readonly waiting: number };

/** The git repository that holds intent and generated specs. */
export interface Repository {
  /** Durable when it resolves. Changes that wait at the same time may share a commit. Resolves to HEAD's id where nothing differs. */
  commit(change: RecordChange): Promise<string>;
  /** Files of a folder, by path below it. Default: at HEAD. */
  read(directory: string, commit?: string): Promise<ReadonlyMap<string, string>>;
  /** Digest of each file of a folder at HEAD, by path below it: what {@link digestOf} makes of its content. */
  listing(directory: string): Promise<ReadonlyMap<string, string>>;
  digestOf(content: string): string;
  /** The newest commit that touched the folder. */
  lastCommit(directory: string): Promise<RecordCommit | undefined>;
  /** Commits by people that touched the folder since Aweigh's own last one, newest first. */
  commitsByPeople(directory: string): Promise<readonly RecordCommit[]>;
  /** Aweigh's own newest commit that touched the folder. */
  lastOwnCommit(directory: string): Promise<string | undefined>;
  /** Whose valid signature a commit bears. @param allowedSigners lines as in ssh-keygen(1), ALLOWED SIGNERS */
  signerOf(commit: string, allowedSigners: string): Promise<Signature>;
  /** Folders of Applications at HEAD: `<namespace>/<name>`. */
  applications(): Promise<readonly { readonly namespace: string; readonly name: string }[]>;
  /** Calls with the Applications' folders that differ when HEAD was moved by somebody else; a commit of our own moves nothing. */
  onMoved(call: (directories: ReadonlySet<string>) => void): () => void;
  /** Calls when HEAD is a new commit of our own. */
  onCommitted(call: () => void): () => void;
  /** Takes in what people pushed to the remote and pushes what it lacks. No commit of ours changes its id, and no other history is overwritten. */
  exchange(remote: Remote, signal: AbortSignal): Promise<Exchange>;
}

export const directoryOf = (namespace: string, name: string): string => `applications/${namespace}/${name}`;
