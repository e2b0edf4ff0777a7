import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../../kubernetes/types.generated.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { RequestUser } from '../kinds/strategy.ts';

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** Tokens that let a new node introduce itself, kept as Secrets `bootstrap-token-ID` in kube-system.
 *  https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
export class BootstrapTokens {
  readonly #find: (name: string) => Secret | undefined;
  readonly #clock: Clock;

  /** @param find a Secret of kube-system, or undefined */
  constructor(find: (name: string) => Secret | undefined, clock: Clock) {
    this.#find = find;
    this.#clock = clock;
  }

  static isOne(token: string): boolean {
    return form.test(token);
  }

  /** Undefined when there is no such token, its time is over, or it is not for authentication. */
  verify(token: string): RequestUser | undefined {
    const [, id = '', secret = ''] = form.exec(token) ?? [];
    const kept = this.#find(`bootstrap-token-${id}`);
    if (kept?.type !== 'bootstrap.kubernetes.io/token' || kept.metadata?.deletionTimestamp !== undefined) return undefined;
    const field = (name: string): string => Buffer.from(kept.data?.[name] ?? '', 'base64').toString();
    const expected = Buffer.from(field('token-secret').padEnd(secret.length));
    const given = Buffer.from(secret);
    if (field('token-id') !== id || expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    if (field('usage-bootstrap-authentication') !== 'true') return undefined;
    const expiration = field('expiration');
    if (expiration !== '' && !(Date.parse(expiration) > this.#clock.now())) return undefined;
    const extra = field('auth-extra-groups').split(',').map((g) => g.trim()).filter((g) => groupForm.test(g));
    return { username: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra, 'system:authenticated'] };
  }
}
