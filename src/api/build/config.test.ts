import { expect, test } from 'vitest';
import type { Application } from '../application/application.ts';
import { configReferences, pinConfig } from './config.ts';

const template = {
  spec: {
    initContainers: [{ name: 'init', image: 'i', envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'token', optional: true } }] }],
    containers: [{
      name: 'app', image: '${image}',
      env: [{ name: 'A', value: 'a' }, { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings-${track}', key: 'b' } } }, { name: 'C', valueFrom: { secretKeyRef: { name: 'db', key: 'c' } } }],
    }],
    volumes: [
      { name: 'one', configMap: { name: 'files' } }, { name: 'two', secret: { secretName: 'tls' } }, { name: 'three', emptyDir: {} },
      { name: 'four', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }, { secret: { name: 'token' } }, { configMap: { name: 'flags' } }] } },
    ],
  },
};
const application: Application = {
  metadata: { name: 'shop' },
  spec: {
    template, ports: [{ name: 'http', port: 80 }], config: { shared: ['flags'] },
    tracks: [{ name: 'free', replicas: 1, segment: 'FREE', gates: [{ name: 'smoke', testJob: { template: { spec: { containers: [{ name: 't', image: 't', envFrom: [{ configMapRef: { name: 'cases' } }] }] } } } }] }, { name: 'production', replicas: 1 }],
  },
};

test('finds every ConfigMap and Secret that pods and test jobs of any track name, but for those that are shared', () => {
  expect(configReferences(application).map((r) => `${r.kind}/${r.name}${r.optional ? '?' : ''}`).toSorted()).toEqual([
    'ConfigMap/cases', 'ConfigMap/files', 'ConfigMap/settings', 'ConfigMap/settings-free', 'ConfigMap/settings-production', 'Secret/db', 'Secret/tls', 'Secret/token',
  ]);
});

test('pods read the copies that their Build was made with, and all else by its own name', () => {
  const pinned = pinConfig(template, { configMaps: [{ name: 'settings', digest: '0123456789abcdef' }, { name: 'files', digest: 'ffffffffffffffff' }], secrets: [{ name: 'tls', digest: 'aaaaaaaaaaaaaaaa' }, { name: 'token', digest: 'bbbbbbbbbbbbbbbb' }] });
  expect(pinned.spec?.initContainers?.[0]?.envFrom).toEqual([{ configMapRef: { name: 'settings-0123456789' } }, { secretRef: { name: 'token-bbbbbbbbbb', optional: true } }]);
  expect(pinned.spec?.volumes).toMatchObject([{ configMap: { name: 'files-ffffffffff' } }, { secret: { secretName: 'tls-aaaaaaaaaa' } }, { emptyDir: {} }, { projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }, { secret: { name: 'token-bbbbbbbbbb' } }, { configMap: { name: 'flags' } }] } }]);
  expect(pinned.spec?.containers[0]?.env?.[2]).toEqual({ name: 'C', valueFrom: { secretKeyRef: { name: 'db', key: 'c' } } });
  expect(template.spec.volumes[0]).toEqual({ name: 'one', configMap: { name: 'files' } });
});
