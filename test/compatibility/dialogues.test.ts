import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../src/engine/apiserver/start.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemClock, systemRandom } from '../../src/runtime/system-clock.ts';
import { fileOf, play, type Answer, type RecordedStep } from './dialogue.ts';
import { dialogues } from './dialogues.ts';

let dir: string;
let server: ApiServer;
let agent: Agent;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aweigh-dialogues-'));
  server = await startApiServer({ dataDir: dir, log: silentLogger, clock: systemClock, random: systemRandom, staticTokens: [{ token: 'admin-token', user: 'admin', groups: ['system:masters'] }] });
  agent = new Agent({ ca: server.caPem, keepAlive: true });
});

afterAll(async () => {
  agent.destroy();
  await server.close();
  rmSync(dir, { recursive: true });
});

/** As `fetch`, trusting the server's certificate. */
const overTls = ((url: string, init: { method: string; headers: Record<string, string>; body?: string }) => new Promise((resolve, reject) => {
  const sent = request(url, { method: init.method, headers: { ...init.headers, ...(init.body === undefined ? {} : { 'content-length': Buffer.byteLength(init.body) }) }, agent }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => resolve({ status: answer.statusCode, text: () => Promise.resolve(Buffer.concat(chunks).toString()) }));
  });
  sent.on('error', reject);
  sent.end(init.body);
})) as unknown as typeof fetch;

/** Kubernetes answers some malformed requests with 500; a 4xx is as good. Messages are our own, so reasons of those differ too. */
function comparable(answer: Answer, recorded: Answer): Answer {
  return recorded.code === 500 && answer.code >= 400 && answer.code < 500 ? recorded : answer;
}

interface Entry { readonly manager?: string; readonly operation?: string; readonly subresource?: string }

/** Managers of one operation stand in the order of their times: whether two share a second is chance. */
function inOneOrder(answer: Answer): Answer {
  const entries = (answer.object as { metadata?: { managedFields?: Entry[] } } | undefined)?.metadata?.managedFields;
  const keyOf = ({ manager, operation, subresource }: Entry): string => [operation, manager, subresource].join(' ');
  entries?.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
  return answer;
}

test.for(dialogues.map((d) => ({ ...d })))('$name: answers as Kubernetes does', async ({ name, steps }) => {
  const recorded = readFileSync(join(import.meta.dirname, 'dialogues', fileOf(name)), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RecordedStep);
  const differences: unknown[] = [];
  for (const [index, step] of steps.entries()) {
    const expected = inOneOrder(recorded[index]?.answer ?? { code: 0 });
    const answer = comparable(inOneOrder(await play(step, server.url, 'admin-token', overTls)), expected);
    try { expect(answer).toEqual(expected); } catch (e) { differences.push(`step ${index}: ${(e as Error).message}`); }
  }
  expect(differences).toEqual([]);
});
