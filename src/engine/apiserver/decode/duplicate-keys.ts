const QUOTE = 0x22, BACKSLASH = 0x5c, COLON = 0x3a, OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d, OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d;

/** Keys written in a JSON text, doubled ones each time. The text must have parsed. */
export function countKeys(text: string): number {
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== QUOTE) continue;
    i = endOfString(text, i);
    const next = text.charCodeAt(i + 1);
    if (next === COLON || (next <= 0x20 && text.charCodeAt(skipSpace(text, i + 1)) === COLON)) keys++;
  }
  return keys;
}

/** Whether an object in the text names a key more than once. @param value what the text was parsed to */
export function hasDuplicateKeys(text: string, value: unknown): boolean {
  return countKeys(text) !== keysIn(value);
}

function keysIn(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += keysIn(item);
    return keys;
  }
  for (const key in value) keys += 1 + keysIn((value as Record<string, unknown>)[key]);
  return keys;
}

/** Paths of keys that an object names more than once, as `spec.replicas`. The text must have parsed. */
export function duplicateKeys(text: string): string[] {
  const duplicates: string[] = [];
  const frames: { keys: Set<string> | undefined; key: string; index: number }[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const frame = frames.at(-1);
    if (code === OPEN_BRACE) frames.push({ keys: new Set(), key: '', index: 0 });
    else if (code === OPEN_BRACKET) frames.push({ keys: undefined, key: '', index: 0 });
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) frames.pop();
    else if (code === 0x2c && frame !== undefined) frame.index++;
    else if (code === QUOTE) {
      const end = endOfString(text, i);
      if (frame?.keys !== undefined && text.charCodeAt(skipSpace(text, end + 1)) === COLON) {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        frame.key = key;
        if (frame.keys.has(key)) duplicates.push(pathOf(frames));
        frame.keys.add(key);
      }
      i = end;
    }
  }
  return duplicates;
}

function pathOf(frames: readonly { keys: unknown; key: string; index: number }[]): string {
  return frames.map((f) => (f.keys === undefined ? `[${f.index}]` : `.${f.key}`)).join('').slice(1);
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) break;
    if (code === BACKSLASH) i++;
  }
  return i;
}

function skipSpace(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}
