const DROPPED = new Set(['resourceVersion', 'creationTimestamp', 'managedFields', 'clusterIP', 'clusterIPs', 'lastTransitionTime', 'lastPhaseTransitionTime']);
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** A copy without what differs from run to run (uids, times, allocated addresses, random suffixes) and without the words of conditions, which are our own. */
export function mask(object: unknown): unknown {
  const text = JSON.stringify(object).replace(UID, '<uid>').replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<suffix>');
  return strip(JSON.parse(text), '');
}

function strip(value: unknown, parent: string): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, parent));
  if (value === null || typeof value !== 'object') return value;
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === 'message' && 'lastTransitionTime' in value) continue;
    if (key === 'name' && 'generateName' in value && String(item).startsWith(String(value.generateName))) continue;
    const told = (key.startsWith('clusterIP') && ['None', ''].includes(String(item))) || (key === 'creationTimestamp' && item === null);
    if ((DROPPED.has(key) && !told) || (key === 'uid' && parent === 'metadata')) continue;
    kept[key] = strip(item, key);
  }
  return kept;
}
