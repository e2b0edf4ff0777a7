import type { GitCredentials } from '../../api/git/credentials.ts';
import type { BuildNetwork } from '../../api/source/source.ts';
import type { ObjectKey } from '../../client/resource.ts';

/** Why a place that a Source follows could not be read. The message says what it answered. */
export type LookupFailure = 'Unreachable' | 'AccessDenied' | 'NotFound' | 'Corrupt' | 'NotAllowed';

/** A remote place did not give what was asked. */
export class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly reason: LookupFailure;

  constructor(reason: LookupFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export interface Branch {
  readonly url: string;
  readonly branch: string;
  /** Absent: what the ssh agent knows, or no login. */
  readonly credentials?: GitCredentials;
}

/** The files of one commit in a folder of their own. */
export interface Checkout {
  readonly folder: string;
  /** From the newest tag at or before the commit, such as `v1.18.0` or `v1.18.0-3-gabc1234`; `0.0.<commits>-g…` where there is none. */
  readonly version: string;
  readonly author: string;
  readonly message: string;
  dispose(): Promise<void>;
}

export interface Repositories {
  /** The branch's newest commit; undefined: there is no such branch. @throws {LookupError} */
  tip(branch: Branch, signal: AbortSignal): Promise<string | undefined>;
  /** Whether the branch still holds a commit that it held once. @throws {LookupError} */
  contains(branch: Branch, tip: string, commit: string, signal: AbortSignal): Promise<boolean>;
  /** @throws {LookupError} */
  checkOut(branch: Branch, commit: string, signal: AbortSignal): Promise<Checkout>;
}

export interface BuildRequest {
  /** The whole commit. */
  readonly checkout: string;
  /** What becomes the image, and where its commands run: the checkout or a folder of it. */
  readonly folder: string;
  readonly command?: readonly string[];
  readonly test?: readonly string[];
  readonly timeoutMs: number;
  readonly network: BuildNetwork;
  readonly memoryBytes: number;
  readonly processes: number;
  /** `NAME:TAG`. */
  readonly tag: string;
  readonly signal: AbortSignal;
}

export type BuildOutcome =
  /** `image` is `name@sha256:…`. */
  | { readonly outcome: 'built'; readonly image: string }
  /** The commit is at fault: the same again would break again. */
  | { readonly outcome: 'broken'; readonly reason: 'BuildFailed' | 'TestFailed' | 'ImageInvalid'; readonly message: string; readonly log: string };

/** Makes images where the cluster's nodes find them. A cluster whose nodes pull from a registry may have none. */
export interface BuildProvider {
  build(request: BuildRequest): Promise<BuildOutcome>;
  /** Brings an image of a registry to the nodes where those do not fetch it themselves. @throws {LookupError} */
  take(image: RegistryImage, tag: string, digest: string, signal: AbortSignal): Promise<void>;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

export interface RegistryImage {
  /** Such as `registry.example.com/team/shop`. */
  readonly image: string;
  readonly insecure: boolean;
  readonly login?: RegistryLogin;
}

export interface Registries {
  /** Every tag. @throws {LookupError} */
  tags(image: RegistryImage, signal: AbortSignal): Promise<string[]>;
  /** `sha256:…` of what a tag points to now. @throws {LookupError} */
  digest(image: RegistryImage, tag: string, signal: AbortSignal): Promise<string>;
}

export interface Hook {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** `unknown`: no such Source, or it takes no webhooks. */
export type HookAnswer = 'accepted' | 'unknown' | 'unauthorized';

/** Hears webhooks for Sources. */
export interface HookReceiver {
  listen(answer: (source: ObjectKey, hook: Hook) => Promise<HookAnswer>, signal: AbortSignal): Promise<void>;
}
