import type { KubernetesObject } from '../../kubernetes/resource.ts';
import type { ObjectMeta } from '../../kubernetes/types.generated.ts';
import type { Condition } from '../group.ts';

/** Where an Application's Builds come from by themselves: a git branch, each push of which is built, or tags of an image in a registry. */
export interface Source extends KubernetesObject {
  metadata?: ObjectMeta;
  spec: SourceSpec;
  status?: SourceStatus;
}

/** Exactly one of `git` and `registry`. */
export interface SourceSpec {
  application: string;
  git?: GitSource;
  registry?: RegistrySource;
  /** True: nothing new is taken until it is false again. */
  suspend?: boolean;
}

export interface GitSource {
  url: string;
  /** Default `main`. */
  branch?: string;
  /** Secret of the same namespace with the login. */
  secretRef?: { name: string };
  /** Default 30. */
  pollSeconds?: number;
  /** Secret of the same namespace whose key `secret` signs push webhooks. */
  webhookSecretRef?: { name: string };
  /** The branch was set to a history that lacks the commit seen last. `wait` (default): a person looks first. */
  onRewrite?: 'wait' | 'follow';
  build?: BuildRules;
}

export interface BuildRules {
  /** Folder of the repository that becomes the image. Default: its root. */
  folder?: string;
  /** Program and arguments that make what the image holds, run in the folder. */
  command?: string[];
  /** Program and arguments that must exit with 0, run in the folder after `command`. */
  test?: string[];
  /** For command and test each. Default 600. */
  timeoutSeconds?: number;
  /** Who of both reaches more than loopback. Default `command`: what is built may be fetched, what is tested may not depend on it. */
  network?: BuildNetwork;
  /** Of all that a command starts together, as a quantity; no single process gets more. Default 4Gi. */
  memory?: string;
  /** Of all that a command starts, at one time. Default 1024. */
  processes?: number;
}

export type BuildNetwork = 'all' | 'command' | 'none';

/** Exactly one of `semver` and `pattern`. */
export interface RegistrySource {
  /** Without tag, such as `registry.example.com/team/shop`. */
  image: string;
  /** Secret of the same namespace: kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth. */
  secretRef?: { name: string };
  /** The highest version in this range, such as `>=1.2 <2`. */
  semver?: string;
  /** Regular expression (RE2) that the tag matches as a whole; of several the highest counts, by the first group where there is one. */
  pattern?: string;
  /** Default 60. */
  pollSeconds?: number;
  /** True: the registry speaks plain http. Only for loopback addresses. */
  insecure?: boolean;
}

export interface SourceStatus {
  observedGeneration?: number;
  /** `Ready`: the newest that there is has become a Build. */
  conditions?: Condition[];
  /** The newest commit of the branch that was seen, or the tag. */
  seen?: string;
  /** What became a Build last. */
  built?: SourceBuilt;
  /** What broke last and was not followed by something that works. It is not tried again: push a commit that mends it. */
  failed?: SourceFailure;
}

export interface SourceBuilt {
  /** Commit, or `tag@sha256:…`. */
  revision: string;
  build: string;
  at: string;
}

export interface SourceFailure {
  revision: string;
  author?: string;
  message?: string;
  reason: string;
  /** What broke, for people. */
  verdict: string;
  /** Of the Source by whose rules it was judged: by others it is tried again. */
  generation?: number;
  /** The end of what command or test wrote. */
  log?: string;
  at: string;
}
