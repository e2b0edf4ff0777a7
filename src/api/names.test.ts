import { expect, test } from 'vitest';
import { backendName, buildName, candidateServiceName, gateJobName, releaseName, routerName, trackDeploymentName, trackServiceName } from './names.ts';

const free = { name: 'free' };

test('names are those of the installation that people know', () => {
  expect(trackServiceName('account-service', free)).toBe('account-service-canary');
  expect(trackServiceName('account-service', { name: 'production' })).toBe('account-service-production');
  expect(trackServiceName('account-service', { name: 'free', resourceName: 'beta' })).toBe('account-service-beta');
  expect(trackDeploymentName('account-service', free, 'v1.18.0')).toBe('account-service-canary-v1.18.0');
  expect(candidateServiceName('account-service', free, 'v1.18.0')).toBe('account-service-canary-v1-18-0');
  expect(routerName('account-service')).toBe('account-service-haproxy');
  expect(backendName('free', 'v1.18.0')).toBe('free-v1.18.0');
  expect(buildName('account-service', 'v1.18.0')).toBe('account-service-v1.18.0');
  expect(releaseName('account-service-v1.18.0')).toBe('account-service-v1.18.0');
  expect(releaseName('account-service-v1.18.0', 'rollback', 2)).toBe('account-service-v1.18.0-rollback-2');
});

test('a Service name is a DNS label however long its parts are, and different parts give different names', () => {
  const long = 'a'.repeat(40);
  const names = ['v1.18.0-rc.1-with-a-long-suffix', 'v1.18.0-rc.2-with-a-long-suffix'].map((v) => candidateServiceName(long, free, v));
  for (const name of [...names, gateJobName(`${long}-v1.18.0`, 'production', 'a-long-name-for-a-test')]) {
    expect(name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  }
  expect(names[0]).not.toBe(names[1]);
});
