import { createPrivateKey, X509Certificate } from 'node:crypto';
import { configKey } from '../../validation/config-key.ts';
import type { KindRules } from '../built-in-kind.ts';

const MAX_BYTES = 1024 * 1024;
const REQUIRED_KEYS: Record<string, readonly string[]> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

export const secret: KindRules = {
  group: '', version: 'v1', kind: 'Secret', namespaced: true,
  default(object) {
    const texts = object['stringData'] as Record<string, string> | undefined;
    if (texts !== undefined) {
      const data = (object['data'] ??= {}) as Record<string, string>;
      for (const key in texts) data[key] = Buffer.from(texts[key] as string).toString('base64');
      delete object['stringData'];
    }
    object['type'] ??= 'Opaque';
  },
  validate(object, found) {
    const data = (object['data'] ?? {}) as Record<string, string | null>;
    let size = 0;
    for (const key in data) {
      found.eachInvalid(`data[${key}]`, key, configKey(key));
      size += ((data[key] ?? '').length * 3) / 4;
    }
    if (size > MAX_BYTES) found.tooLong('data', `must be at most ${MAX_BYTES} bytes`);
    const type = object['type'] as string;
    if (type === 'kubernetes.io/service-account-token' && !object.metadata.annotations?.['kubernetes.io/service-account.name']) {
      found.required('metadata.annotations[kubernetes.io/service-account.name]');
    }
    if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
      found.required('data[username]');
      found.required('data[password]');
    }
    for (const key of REQUIRED_KEYS[type] ?? []) {
      if (data[key] === undefined || (key === 'ssh-privatekey' && !data[key])) {
        found.required(`data[${key}]`);
        continue;
      }
      if (key.startsWith('.docker') && !isJson(data[key] ?? '')) found.invalid(`data[${key}]`, '<secret>', 'must be JSON');
    }
  },
  warnings(object) {
    if (object['type'] !== 'kubernetes.io/tls') return [];
    const { 'tls.crt': certificate = '', 'tls.key': key = '' } = (object['data'] ?? {}) as Record<string, string>;
    return isKeyPair(Buffer.from(certificate, 'base64'), Buffer.from(key, 'base64')) ? [] : ['tls.crt and tls.key are no pair of certificate and key'];
  },
  validateUpdate(object, old, found) {
    found.immutable('type', object['type'], old['type']);
    if (old['immutable'] !== true) return;
    if (object['immutable'] !== true) found.forbidden('immutable', 'cannot be unset');
    if (JSON.stringify(object['data']) !== JSON.stringify(old['data'])) found.forbidden('data', 'cannot be changed, as immutable is set');
  },
};

function isKeyPair(certificate: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function isJson(base64: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
