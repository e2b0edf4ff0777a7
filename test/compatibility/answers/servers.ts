import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startReal } from '../../../bench/apiserver/servers.ts';
import { startApiServer } from '../../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../../src/runtime/system-clock.ts';
import type { Send } from './cases.ts';

export interface AskedServer {
  readonly send: Send;
  stop(): Promise<void>;
}

/** An empty server of ours, with the service account that pods need. */
export async function ourServer(): Promise<AskedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'aweigh-answers-'));
  const server = await startApiServer({ dataDir: directory, log: silentLogger, clock: systemClock, random: systemRandom, serviceCidr: '10.0.0.0/16', staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  return asked(server.url, 'admin-token', new Agent({ keepAlive: true, ca: server.caPem }), async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
}

/** An empty real kube-apiserver with its etcd, from the peers. */
export async function realServer(): Promise<AskedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'aweigh-answers-'));
  const { target, stop } = await startReal(directory);
  return asked(`https://${target.host}:${target.port}`, target.token, new Agent({ keepAlive: true, rejectUnauthorized: false }), async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });
}

async function asked(url: string, token: string, agent: Agent, stop: () => Promise<void>): Promise<AskedServer> {
  const send: Send = (path, { method, type = 'application/json', body }) => new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = request(url + path, { method, headers: { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': Buffer.byteLength(text) }, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const whole = Buffer.concat(chunks).toString();
        try {
          resolve({ status: answer.statusCode ?? 0, warnings: [answer.headers['warning'] ?? []].flat().join(', ').match(/299/g)?.length, body: JSON.parse(whole) as unknown });
        } catch {
          reject(new Error(`${method} ${path} was answered with ${answer.statusCode} and no JSON: ${whole.slice(0, 200)}`));
        }
      });
    });
    // A server may close an idle connection while a request is on its way to it.
    sent.on('error', (error) => (sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? resolve(send(path, { method, type, body })) : reject(error)));
    sent.end(text);
  });
  await send('/api/v1/namespaces/default/serviceaccounts', { method: 'POST', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } } });
  return {
    send,
    async stop() {
      agent.destroy();
      await stop();
    },
  };
}
