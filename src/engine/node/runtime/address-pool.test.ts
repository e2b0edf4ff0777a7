import { expect, test } from 'vitest';
import { AddressPool, splitCidr } from './address-pool.ts';

test('no address is given twice, and one that was freed rests until its turn', () => {
  const pool = new AddressPool('127.64.0.0/29');
  const all = Array.from({ length: 6 }, () => pool.take());
  expect(new Set(all).size).toBe(6);
  expect(all[0]).toBe('127.64.0.1');
  expect(() => pool.take()).toThrow(/all 6 of 127\.64\.0\.0\/29 are taken/);
  pool.free(all[2]!);
  pool.free(all[0]!);
  expect([pool.take(), pool.take()]).toEqual([all[0], all[2]]);
});

test('a pool goes on after the last address that was given, past those that are held', () => {
  const pool = new AddressPool('127.64.0.0/24', '127.64.0.9');
  pool.hold('127.64.0.10');
  expect(pool.take()).toBe('127.64.0.11');
});

test('nodes share a range without overlap', () => {
  expect(splitCidr('127.64.0.0/12', 2)).toEqual(['127.64.0.0/13', '127.72.0.0/13']);
  expect(splitCidr('127.80.0.0/16', 3)).toEqual(['127.80.0.0/18', '127.80.64.0/18', '127.80.128.0/18']);
  expect(() => splitCidr('10.0.0.0', 1)).toThrow(/A\.B\.C\.D\/N/);
});
