import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Recorded } from '../../../../test/compatibility/answers/replay.ts';
import { fileOfEncodings, type RecordedEncoding } from '../../../../test/compatibility/protobuf/encodings.ts';
import type { JsonObject } from '../patch/json.ts';
import { decodeBody } from './decode.ts';
import { encodeObject, watchFrame } from './encode.ts';

const recorded = readFileSync(fileOfEncodings, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as RecordedEncoding);
const shown = (bytes: Buffer | undefined): string | undefined => bytes?.toString('latin1');

test.for(recorded)('Kubernetes 1.35.4 and this server write the same bytes: $what', ({ json, protobuf }) => {
  const own = json.kind === undefined ? watchFrame(json['type'] as string, [encodeObject(json['object'] as JsonObject) ?? Buffer.alloc(0)]) : encodeObject(json as JsonObject);
  expect(shown(own)).toBe(shown(Buffer.from(protobuf, 'base64')));
});

/** Protobuf knows neither null nor the empty list: both are absence. An object in another one does not say its kind. */
const withoutNothing = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, item: unknown) => {
  if (Array.isArray(item) && item.length === 0) return undefined;
  if (key === 'volumeClaimTemplates' || (key === 'items' && Array.isArray(item))) return (item as object[]).map((one) => ({ ...one, apiVersion: undefined, kind: undefined }));
  return item ?? undefined;
}));

test('every recorded answer that is written as protobuf is read back as it was', () => {
  const answers = readFileSync(join(import.meta.dirname, '../../../../test/compatibility/answers/own-answers.jsonl'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as Recorded).answer as { object?: JsonObject });
  const objects = [...recorded.map(({ json }) => (json.kind === undefined ? json['object'] : json) as JsonObject), ...answers.flatMap(({ object }) => (object?.['kind'] === undefined ? [] : [object]))];
  expect(objects.length).toBeGreaterThan(700);
  for (const object of objects) expect(withoutNothing(decodeBody(encodeObject(object) ?? Buffer.alloc(0)))).toEqual(withoutNothing(object));
});
