import type { ObjectMeta } from '../../../kubernetes/types.generated.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { FieldError } from '../validation/field-error.ts';

/** An object as the strategies see it: decoded, so that every field has its schema's type. Strategies change it in place. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- one shape for all kinds; decoding has proven the types.
export type KindObject = { apiVersion: string; kind: string; metadata: ObjectMeta; [field: string]: any };

export interface RequestUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a strategy may know beside the object. */
export interface StrategyContext {
  /** RFC 3339 with whole seconds, in UTC. */
  readonly now: string;
  /** A fresh random UUID. */
  uid(): string;
  readonly user: RequestUser;
  readonly access: Authorizer;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  /** Allows 127.0.0.0/8 for pods, endpoints and services. */
  readonly loopbackAddresses: boolean;
}

/** What data cannot say about a built-in kind. Everything is pure but for the object it is handed, which it changes. */
export interface Strategy {
  /** A replacement that names no resourceVersion is refused. Default: it replaces whatever there is. */
  readonly needsResourceVersion?: boolean;
  /** Fills defaults in, as on each decode (create, update and the result of a patch). */
  default(object: KindObject): void;
  /** Drops what a client may not set (status), sets the generation. Runs after default. */
  prepareForCreate(object: KindObject, context: StrategyContext): void;
  /** Keeps old status, bumps the generation when the wanted state changed. */
  prepareForUpdate(object: KindObject, old: KindObject, context: StrategyContext): void;
  /** Keeps everything but status (and, for some kinds, metadata) from `old`. */
  prepareForStatusUpdate(object: KindObject, old: KindObject, context: StrategyContext): void;
  /** Runs after admission. */
  validate(object: KindObject, context: StrategyContext): FieldError[];
  validateUpdate(object: KindObject, old: KindObject, context: StrategyContext): FieldError[];
  validateStatusUpdate(object: KindObject, old: KindObject, context: StrategyContext): FieldError[];
  /** Texts for Warning headers of a new object, told even where it is then refused. */
  earlyWarnings(object: KindObject): string[];
  /** Texts for Warning headers; `old` is absent on create. */
  warnings(object: KindObject, old?: KindObject): string[];
}
