/** As one word of a config line. @throws {RangeError} */
export function quoted(text: string): string {
  if (!/^[\w.:/|@+=-]*$/.test(text)) throw new RangeError(`Cannot put '${text}' into haproxy.cfg: groups are made of letters, digits and _ . : / | @ + = -, and so is what tells users and groups`);
  return text;
}

export const setVar = (name: string, sample: string, condition = ''): string => `  http-request set-var(txn.${name}) ${sample}${condition === '' ? '' : ` ${condition}`}`;
