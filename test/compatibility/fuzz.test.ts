import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import resourceData from '../../src/kubernetes/data/resources.json' with { type: 'json' };
import { startApiServer, type ApiServer } from '../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { casesOf, manifests } from './answers/cases.ts';
import { FuzzRandom } from './fuzz-random.ts';
import { randomRequest, type FuzzRequest } from './fuzz-request.ts';

/** How many requests; `npm run soak` sends 100,000. */
const REQUESTS = Number(process.env['AWEIGH_FUZZ_REQUESTS'] ?? 3000);
const SEED = Number(process.env['AWEIGH_FUZZ_SEED'] ?? 1);
const CONNECTIONS = 8;
/** A watch is cut after so long: it answers nothing wrong by staying open. */
const WATCH_MS = 200;
const ANSWER_MS = 60_000;

let directory: string;
let server: ApiServer;
let agent: Agent;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aweigh-fuzz-'));
  server = await startApiServer({ dataDir: directory, log: silentLogger, clock: systemClock, random: systemRandom, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  agent = new Agent({ keepAlive: true, ca: server.caPem, maxSockets: CONNECTIONS * 2 });
});

afterAll(async () => {
  agent.destroy();
  await server.close();
  rmSync(directory, { recursive: true });
});

function send({ method, path, headers, body }: FuzzRequest): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url + path, { method, headers: { authorization: 'Bearer admin-token', ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) }, agent }, (answer) => {
      const chunks: Buffer[] = [];
      const done = (): void => resolve({ code: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', done);
      answer.on('error', done);
      if (/[?&]watch=(true|1)|\/watch\//.test(path)) setTimeout(() => { answer.destroy(); done(); }, WATCH_MS);
    });
    sent.setTimeout(ANSWER_MS, () => sent.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s to ${method} ${path}`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

test(`${REQUESTS} random and mutated requests meet no 5xx, no hang and no crash`, async () => {
  const random = new FuzzRandom(SEED);
  const mutated = casesOf(manifests());
  const failures: string[] = [];
  const codes = new Map<number, number>();
  let left = REQUESTS;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (left-- > 0) {
      const one = randomRequest(random, resourceData.resources, mutated);
      try {
        const { code, text } = await send(one);
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code >= 500) failures.push(`${code} ${one.method} ${one.path} ${JSON.stringify(one.headers)} ${one.body?.slice(0, 300) ?? ''}\n  ${text.slice(0, 300)}`);
        else if (code >= 400 && one.method !== 'HEAD' && !/^(?:\{|kind: Status|k8s\0)/.test(text)) failures.push(`${code} without a Status: ${one.method} ${one.path} ${text.slice(0, 100)}`);
      } catch (error) {
        failures.push(`${String(error)} ${one.method} ${one.path} ${JSON.stringify(one.headers)} ${one.body?.slice(0, 200) ?? ''}`);
      }
    }
  }));
  expect(failures.slice(0, 20)).toEqual([]);
  expect(codes.get(200)).toBeGreaterThan(0);
  expect(codes.get(201)).toBeGreaterThan(0);
  expect((await send({ method: 'GET', path: '/readyz', headers: {} })).code).toBe(200);
}, Math.max(120_000, REQUESTS * 40));
