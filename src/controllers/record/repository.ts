/** One change of one Application's part of the record. */
export interface RecordChange {
  /** The Application's folder; every file of it is in `files`, what else it held is removed. */
  readonly directory: string;
  /** Content by path below `directory`. Empty: the folder goes. */
  readonly files: ReadonlyMap<string, string>;
  /** First line of the commit. */
  readonly subject: string;
  /** Git trailers, such as `Release: account-service-v1.18.0`. */
  readonly trailers: ReadonlyMap<string, string>;
  /** Who asked for the change. */
  readonly actor: string;
}

export interface RecordCommit {
  readonly sha: string;
  readonly author: string;
  readonly subject: string;
  /** Made by Aweigh, not by a person. */
  readonly own: boolean;
}

/** The git repository that holds intent and generated specs. */
export interface Repository {
  /** Durable when it resolves. Changes that wait at the same time may share a commit. Resolves to HEAD's id where nothing differs. */
  commit(change: RecordChange): Promise<string>;
  /** Files of a folder at HEAD, by path below it. */
  read(directory: string): Promise<ReadonlyMap<string, string>>;
  /** The newest commit that touched the folder. */
  lastCommit(directory: string): Promise<RecordCommit | undefined>;
  /** Folders of Applications at HEAD: `<namespace>/<name>`. */
  applications(): Promise<readonly { readonly namespace: string; readonly name: string }[]>;
  /** Calls when HEAD was moved by somebody else. */
  onMoved(call: () => void): () => void;
}

export const directoryOf = (namespace: string, name: string): string => `applications/${namespace}/${name}`;
