const KEY = /^[-._a-zA-Z0-9]+$/;

/** A key of a ConfigMap or Secret, which is also a file name. */
export function configKey(key: string): readonly string[] {
  const messages: string[] = [];
  if (key.length > 253) messages.push(`must be at most 253 characters, not ${key.length}`);
  if (!KEY.test(key)) messages.push("must be letters, digits, '-', '_' and '.'");
  if (key === '.' || key === '..') messages.push(`must not be '${key}'`);
  else if (key.startsWith('..')) messages.push("must not begin with '..'");
  return messages;
}

/** Names of environment variables: printable ASCII but '='. */
export function environmentName(name: string): readonly string[] {
  if (name === '') return ['must not be empty'];
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code > 0x7e || character === '=') return ["must be printable ASCII without '='"];
  }
  return [];
}
