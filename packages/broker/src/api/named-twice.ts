/** The names that are there more than once. */
export function namedTwice(named: readonly { readonly name: string }[]): ReadonlySet<string> {
  const once = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of named) (once.has(name) ? twice : once).add(name);
  return twice;
}
