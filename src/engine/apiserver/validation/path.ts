/** A path below some folder: relative and without '..'. */
export function localPath(path: string): readonly string[] {
  const messages: string[] = [];
  if (path.startsWith('/')) messages.push('must be a relative path');
  messages.push(...withoutBacksteps(path));
  return messages;
}

export function withoutBacksteps(path: string): readonly string[] {
  return path.split('/').includes('..') ? ["must not have '..'"] : [];
}

/** What a downward-API or projected file may be called: also must not begin with '..'. */
export function localNonReservedPath(path: string): readonly string[] {
  const messages = [...localPath(path)];
  if (path.startsWith('..') && !path.startsWith('../')) messages.push("must not begin with '..'");
  return messages;
}
