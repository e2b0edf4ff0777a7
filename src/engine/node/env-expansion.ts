/** Replaces `$(NAME)` by its value. `$$(NAME)` stands for a literal `$(NAME)`, and an unknown name stays as written. */
export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => (whole === '$$' ? '$' : (values.get(name!) ?? whole)));
}
