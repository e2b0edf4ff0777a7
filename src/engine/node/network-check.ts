import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Container, HTTPGetAction, IntOrString } from '../../kubernetes/types.generated.ts';

export type CheckResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** A port by number or by the container's name for it. */
export function portNumber(container: Container, port: IntOrString): number | undefined {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((p) => p.name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

/** One GET on a connection of its own; 200 to 399 is good. TLS certificates are not verified, as Kubernetes rules. */
export function checkHttp(container: Container, action: HTTPGetAction, podIp: string, timeoutMs: number, userAgent: string): Promise<CheckResult> {
  const port = portNumber(container, action.port);
  if (port === undefined) return Promise.resolve({ ok: false, message: `container ${container.name} has no port named "${action.port}"` });
  const secure = action.scheme === 'HTTPS';
  const headers: Record<string, string> = { 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  const { promise, resolve } = Promise.withResolvers<CheckResult>();
  const request = (secure ? https : http).request({ host: action.host || podIp, port, path: action.path || '/', headers, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) }, (response) => {
    const status = response.statusCode ?? 0;
    response.destroy();
    resolve(status >= 200 && status < 400 ? { ok: true } : { ok: false, message: `HTTP probe failed with statuscode: ${status}` });
  });
  const timer = setTimeout(afterPending(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`))), timeoutMs);
  request.once('error', (e) => resolve({ ok: false, message: `Get "${secure ? 'https' : 'http'}://${podIp}:${port}${action.path ?? '/'}": ${e.message}` }));
  request.once('close', () => clearTimeout(timer));
  request.end();
  return promise;
}

export function checkTcp(container: Container, portOrName: IntOrString, host: string, timeoutMs: number): Promise<CheckResult> {
  const port = portNumber(container, portOrName);
  if (port === undefined) return Promise.resolve({ ok: false, message: `container ${container.name} has no port named "${portOrName}"` });
  const { promise, resolve } = Promise.withResolvers<CheckResult>();
  const socket = net.connect({ host, port });
  const end = (result: CheckResult): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve(result);
  };
  const timer = setTimeout(afterPending(() => end({ ok: false, message: `dial tcp ${host}:${port}: no answer within ${timeoutMs} ms` })), timeoutMs);
  socket.once('connect', () => end({ ok: true }));
  socket.once('error', (e) => end({ ok: false, message: `dial tcp ${host}:${port}: ${e.message}` }));
  return promise;
}

/** Lets an answer that has already arrived count: on a busy machine a timer may fire before it is read. */
function afterPending(call: () => void): () => void {
  return () => setImmediate(() => setImmediate(call));
}
