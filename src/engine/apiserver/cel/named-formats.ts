import { Optional, type Environment } from '@marcbachmann/cel-js';
import { dns1035Label, dnsLabel, dnsSubdomain, prefixOf, type NameCheck } from '../validation/dns-name.ts';
import { labelValue, qualifiedName } from '../validation/label.ts';

class Formats {
  readonly name = 'format';
}

class NamedFormat {
  readonly check: NameCheck;
  constructor(check: NameCheck) {
    this.check = check;
  }
}

const shape = (what: string, holds: (text: string) => boolean): NameCheck => (text) => (holds(text) ? [] : [`must be ${what}`]);
const matches = (pattern: RegExp) => (text: string): boolean => pattern.test(text);

const checks: Readonly<Record<string, NameCheck>> = {
  dns1123Label: dnsLabel, dns1123Subdomain: dnsSubdomain, dns1035Label, qualifiedName, labelValue,
  dns1123LabelPrefix: prefixOf(dnsLabel), dns1123SubdomainPrefix: prefixOf(dnsSubdomain), dns1035LabelPrefix: prefixOf(dns1035Label),
  uri: shape('a URI', (text) => text.startsWith('/') || URL.canParse(text)),
  uuid: shape('a UUID', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)),
  byte: shape('base64', matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)),
  date: shape('a date', (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))),
  datetime: shape('a date and time', (text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i.test(text) && !Number.isNaN(Date.parse(text))),
};

/** `format.dns1123Label().validate(text)`: what is wrong with the text, or nothing; `format.named('uri')` by name. */
export function addNamedFormats(environment: Environment): Environment {
  const root = 'kubernetes.Formats', format = 'kubernetes.NamedFormat';
  environment
    .registerType(root, Formats).registerType(format, NamedFormat)
    .registerConstant('format', root, new Formats())
    .registerFunction(`${format}.validate(string): optional<list<string>>`, ({ check }: NamedFormat, text: string) => {
      const faults = check(text);
      return faults.length === 0 ? Optional.none() : Optional.of([...faults]);
    })
    .registerFunction(`${root}.named(string): optional<${format}>`, (_: Formats, name: string) => (Object.hasOwn(checks, name) ? Optional.of(new NamedFormat(checks[name] as NameCheck)) : Optional.none()));
  for (const name in checks) environment.registerFunction(`${root}.${name}(): ${format}`, () => new NamedFormat(checks[name] as NameCheck));
  return environment;
}
