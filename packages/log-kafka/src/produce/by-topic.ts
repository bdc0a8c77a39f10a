/** Groups entries by topic, in the order of their first appearance. */
export function byTopic<Entry extends { readonly topic: string }>(
  entries: readonly Entry[],
): [topic: string, entries: Entry[]][] {
  const topics = new Map<string, Entry[]>();
  for (const entry of entries) {
    const known = topics.get(entry.topic);
    if (known) known.push(entry);
    else topics.set(entry.topic, [entry]);
  }
  return [...topics];
}
