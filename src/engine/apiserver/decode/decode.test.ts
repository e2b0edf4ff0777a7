import { expect, test } from 'vitest';
import { decode } from './decode.ts';

const kind = { group: '', version: 'v1', kind: 'ConfigMap' };

test('an unknown or doubled field is refused under Strict, told of under Warn, dropped under Ignore', () => {
  for (const body of ['{"data":{"a":"1"},"surprise":1}', '{"data":{"a":"1","a":"2"}}']) {
    expect(() => decode(body, kind, 'Strict')).toThrow(/strict decoding/);
    expect(decode(body, kind, 'Warn').warnings).toHaveLength(1);
    expect(decode(body, kind, 'Ignore').warnings).toEqual([]);
  }
});
test('a wrong type is refused however fields are checked', () => expect(() => decode('{"data":{"a":1}}', kind, 'Ignore')).toThrow(/data.a must be a string/));
test('empty optional values are left out, needed ones filled in', () => {
  expect(decode('{"metadata":{"name":"a","labels":{}},"data":null}', kind, 'Strict').object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
});
test('YAML is read as JSON is', () => expect(decode('metadata:\n  name: a\ndata: {k: v}\n', kind, 'Strict', 'yaml').object['data']).toEqual({ k: 'v' }));
