import type { Findings } from './field-error.ts';

const PORT_NAME_CHARACTERS = /^[-a-z0-9]+$/;

export function portNumber(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be from 1 to 65535'];
}

export function portName(name: string): readonly string[] {
  const messages: string[] = [];
  if (name.length > 15) messages.push(`must be at most 15 characters, not ${name.length}`);
  if (!PORT_NAME_CHARACTERS.test(name)) messages.push("must be lower-case letters, digits and '-'");
  if (!/[a-z]/.test(name)) messages.push('must have a letter');
  if (name.includes('--')) messages.push("must not have '--'");
  if (name !== '' && (name.startsWith('-') || name.endsWith('-'))) messages.push("must not begin or end with '-'");
  return messages;
}

/** A number or the name of a port. */
export function validatePortReference(port: number | string, path: string, found: Findings): void {
  if (typeof port === 'number') found.eachInvalid(path, port, portNumber(port));
  else found.eachInvalid(path, port, portName(port));
}

export const PROTOCOLS: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);
