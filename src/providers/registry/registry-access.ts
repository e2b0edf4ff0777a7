import { LookupError, type RegistryImage } from '../../controllers/source/ports.ts';

const TIMEOUT_MS = 60_000;
const LOGINS_KEPT = 1_000;

/** Requests with the login that a registry asks for: none, Basic, or a token of its token server. */
export class RegistryAccess {
  /** By registry, name and login, until the registry refuses it. */
  readonly #headers = new Map<string, string>();

  /** @throws {LookupError} reason `Unreachable` */
  async fetch(image: RegistryImage, url: string, name: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const key = `${new URL(url).origin} ${name} ${image.login?.username ?? ''} ${image.login?.password ?? ''}`;
    const first = await send(url, withHeader(init, this.#headers.get(key)), signal);
    if (first.status !== 401) return first;
    const header = await this.#login(image, first, name, signal);
    if (header === undefined) return first;
    await first.body?.cancel();
    if (this.#headers.size > LOGINS_KEPT) this.#headers.clear();
    this.#headers.set(key, header);
    return send(url, withHeader(init, header), signal);
  }

  async #login({ image, login, insecure }: RegistryImage, refused: Response, name: string, signal: AbortSignal): Promise<string | undefined> {
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    if (/^basic\b/i.test(challenge)) return basic;
    const parameter = (of: string): string | undefined => new RegExp(`${of}="([^"]*)"`, 'i').exec(challenge)?.[1];
    const realm = parameter('realm');
    if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm)) return undefined;
    const server = new URL(realm);
    // A password goes to nobody in plain text, whatever the registry names as its token server.
    if (server.protocol !== 'https:' && !(insecure && server.hostname === new URL(refused.url).hostname)) throw new LookupError('AccessDenied', `${image} names a token server without TLS, ${server.origin}: no password is sent there`);
    const service = parameter('service');
    if (service !== undefined) server.searchParams.set('service', service);
    server.searchParams.set('scope', parameter('scope') ?? `repository:${name}:pull`);
    const reply = await send(server.href, withHeader({}, basic), signal);
    if (!reply.ok) { await reply.body?.cancel(); return undefined; }
    const { token, access_token: other } = await reply.json() as { token?: unknown; access_token?: unknown };
    const given = token ?? other;
    return typeof given === 'string' ? `Bearer ${given}` : undefined;
  }
}

function withHeader(init: RequestInit, authorization: string | undefined): RequestInit {
  return authorization === undefined ? init : { ...init, headers: { ...(init.headers as Record<string, string>), authorization } };
}

async function send(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new LookupError('Unreachable', `${new URL(url).origin}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
  }
}
