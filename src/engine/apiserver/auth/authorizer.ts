import type { RequestUser } from '../kinds/strategy.ts';

/** One question to the authorizer. */
export type AccessAttributes =
  | { readonly kind: 'resource'; readonly verb: string; readonly group: string; readonly version?: string; readonly resource: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

export interface Authorizer {
  decide(user: RequestUser, attributes: AccessAttributes): AccessDecision;
}

/** Lets every authenticated user do everything. */
export const allowAll: Authorizer = { decide: () => ({ allowed: true, reason: '' }) };
