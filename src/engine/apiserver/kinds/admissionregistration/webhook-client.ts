import { dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import { portNumber } from '../../validation/port.ts';

export interface WebhookClient {
  url?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
}

/** How a webhook of any kind is reached: by an https URL or a Service. */
export function validateWebhookClient(client: WebhookClient, path: string, found: Findings): void {
  if ((client.url === undefined) === (client.service === undefined)) found.required(path, 'exactly one of url and service is needed');
  else if (client.url !== undefined) validateUrl(client.url, `${path}.url`, found);
  else if (client.service !== undefined) validateService(client.service, `${path}.service`, found);
}

function validateUrl(text: string, path: string, found: Findings): void {
  // Taken apart by hand, as an URL object would mend what is to be refused.
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text);
  // eslint-disable-next-line no-control-regex
  if (match === null || /[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text) || /[ "<>\\^`{|}]/.test(match[2] ?? '') || (match[1] === undefined && (match[3] ?? '').split('/')[0]?.includes(':') === true) || /:[^\d\]]+$/.test((match[2] ?? '').replace(/^.*@/, ''))) {
    found.required(path, 'must be a URL, such as https://host/path');
    return;
  }
  const [, scheme, authority = '', , query, fragment] = match;
  if (scheme?.toLowerCase() !== 'https') found.invalid(path, scheme, 'must be https');
  if (authority.replace(/^.*@/, '') === '') found.invalid(path, authority, 'a host is needed');
  if (authority.includes('@')) found.invalid(path, '<user>', 'must not name a user');
  if (fragment !== undefined && fragment !== '#') found.invalid(path, fragment, 'must not have a fragment');
  if (query !== undefined && query !== '?') found.invalid(path, query, 'must not have a query');
}

function validateService(service: NonNullable<WebhookClient['service']>, path: string, found: Findings): void {
  // Kubernetes names the other of the two fields; clients that read causes know it so.
  if (service.name === '') found.required(`${path}.namespace`);
  if (service.namespace === '') found.required(`${path}.name`);
  if (portNumber(service.port ?? 0).length > 0) found.invalid(`${path}.port`, service.port, 'must be from 1 to 65535');
  const text = service.path;
  if (text === undefined || text === '' || text === '/') return;
  if (text === '//') {
    found.invalid(`${path}.path`, text, 'a segment must not be empty');
    return;
  }
  if (!text.startsWith('/')) found.invalid(`${path}.path`, text, "must begin with '/'");
  for (const segment of text.slice(1).replace(/\/$/, '').split('/')) {
    if (segment === '') found.invalid(`${path}.path`, text, 'a segment must not be empty');
    else found.eachInvalid(`${path}.path`, text, dnsSubdomain(segment));
  }
}
