import { DeliveryError } from '../../controllers/notification/notifier.ts';

const MAX_RETRY_AFTER_SECONDS = 600;

/** POSTs once; any answer of 200 to 299 counts as taken. Nothing of the address or the answer comes into the error: both may hold secrets.
 *  @throws {DeliveryError} */
export async function post(who: string, address: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<undefined> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new DeliveryError(`The address of ${who} is no http or https URL: correct the key 'url' of the Secret`);
  let reply: Response;
  try {
    // A redirect would take the message, and perhaps the authorization, to where nobody wanted it.
    reply = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await reply.arrayBuffer();
  } catch (error) {
    if (signal.aborted) throw new DeliveryError(`${who} did not answer in time`);
    throw new DeliveryError(`${who} cannot be reached: ${networkCode(error)}`);
  }
  if (reply.ok) return undefined;
  const retryAfter = Number(reply.headers.get('Retry-After'));
  const retryAfterMs = retryAfter > 0 ? Math.min(retryAfter, MAX_RETRY_AFTER_SECONDS) * 1_000 : 0;
  throw new DeliveryError(`${who} answered ${reply.status}${reply.status === 401 || reply.status === 403 || reply.status === 404 ? ': is the address in the Secret still right?' : ''}`, { retryAfterMs });
}

/** Such as ECONNREFUSED. */
function networkCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'connection failed';
}
