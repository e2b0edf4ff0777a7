import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { validateDriverName } from '../core/pod/volume-sources.ts';

const MAX_IDENTIFIER = 32;
const MAX_POOL = 253;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of an attribute or capacity: `[domain/]identifier`. */
export function validateAttributeName(name: string, path: string, found: Findings): void {
  const parts = name.split('/');
  if (parts.length === 1) validateIdentifier(name, path, found);
  else if (parts.length === 2) {
    const [domain, identifier] = parts as [string, string];
    if (domain === '') found.invalid(path, '', 'the domain must not be empty');
    else validateDriverName(domain, path, found);
    if (identifier === '') found.invalid(path, '', 'the name must not be empty');
    else validateIdentifier(identifier, path, found);
  }
}

export function validateFullAttributeName(name: string, path: string, found: Findings): void {
  validateAttributeName(name, path, found);
  if (!name.includes('/')) found.invalid(path, name, 'must be a domain and a name, such as example.com/numa');
}

function validateIdentifier(name: string, path: string, found: Findings): void {
  if (name.length > MAX_IDENTIFIER) found.tooLong(path, `must be at most ${MAX_IDENTIFIER} characters`);
  if (!IDENTIFIER.test(name)) found.invalid(path, name, "must be letters, digits and '_' without a digit first");
}

/** DNS names joined by '/'. */
export function validatePoolName(name: string, path: string, found: Findings): void {
  if (name === '') {
    found.required(path);
    return;
  }
  if (name.length > MAX_POOL) found.tooLong(path, `must be at most ${MAX_POOL} characters`);
  for (const part of name.split('/')) found.eachInvalid(path, part, dnsSubdomain(part));
}
