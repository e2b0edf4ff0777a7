/** What a reader of logs asks for, as the query of `pods/log` says it. */
export interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Since the epoch. */
  readonly sinceMs?: number;
}

/** @throws {RangeError} for a number that is none or out of range */
export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${name} must be a whole number from ${least}, and is '${text}'`);
    return value;
  };
  const flag = (name: string): boolean => ['true', '1', ''].includes(query.get(name) ?? 'false');
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: number('tailLines', 0),
    limitBytes: number('limitBytes', 1),
    sinceMs: sinceSeconds !== undefined ? nowMs - sinceSeconds * 1_000 : sinceTime ? Date.parse(sinceTime) : undefined,
  };
}
