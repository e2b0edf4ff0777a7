const STEPS = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000]] as const;

/** How long ago, in the largest unit that gives 2 or more: `119s`, `2m`, `47h`, `2d`. */
export function age(timestamp: string | undefined, now: number): string {
  if (timestamp === undefined) return '-';
  const ms = Math.max(0, now - Date.parse(timestamp));
  const step = STEPS.find(([, length]) => ms >= 2 * length);
  return step === undefined ? `${Math.floor(ms / 1_000)}s` : `${Math.floor(ms / step[1])}${step[0]}`;
}
