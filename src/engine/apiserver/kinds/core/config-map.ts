import { configKey } from '../../validation/config-key.ts';
import type { KindRules } from '../built-in-kind.ts';

const MAX_BYTES = 1024 * 1024;

export const configMap: KindRules = {
  group: '', version: 'v1', kind: 'ConfigMap', namespaced: true,
  validate(object, found) {
    const data = (object['data'] ?? {}) as Record<string, string>;
    const binary = (object['binaryData'] ?? {}) as Record<string, string>;
    let size = 0;
    for (const key in data) {
      found.eachInvalid(`data[${key}]`, key, configKey(key));
      if (binary[key] !== undefined) found.invalid(`data[${key}]`, key, 'is in binaryData too');
      size += Buffer.byteLength(data[key] as string);
    }
    for (const key in binary) {
      found.eachInvalid(`binaryData[${key}]`, key, configKey(key));
      size += ((binary[key] ?? '').length * 3) / 4;
    }
    if (size > MAX_BYTES) found.tooLong('', `data must be at most ${MAX_BYTES} bytes`);
  },
  validateUpdate(object, old, found) {
    if (old['immutable'] !== true) return;
    if (object['immutable'] !== true) found.forbidden('immutable', 'cannot be unset');
    for (const field of ['data', 'binaryData']) if (JSON.stringify(object[field]) !== JSON.stringify(old[field])) found.forbidden(field, 'cannot be changed, as immutable is set');
  },
};
