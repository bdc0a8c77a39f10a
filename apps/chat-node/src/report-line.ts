/** What is reported, on one line for a person: the sentence and its facts. */
export function reportLine(
  sentence: string,
  facts: Readonly<Record<string, unknown>> = {},
): string {
  const details = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${shown(value)}`);
  return details.length === 0 ? sentence : `${sentence} (${details.join(' ')})`;
}

function shown(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
