/** Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export type Metric = {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
};

/** A value, and the labels that it goes with. */
export type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** A metric with its samples, a line each. */
export function metricLines(described: Metric, samples: readonly Sample[]): string[] {
  return [
    ...metricHead(described),
    ...samples.map(({ labels, value }) => sampleLine(described.name, labels, value)),
  ];
}

export function metricHead({ name, type, help }: Metric): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

/** Labels are written as the format wants them: backslash, quote and line feed escaped. */
export function sampleLine(name: string, labels: Sample['labels'], value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) =>
      `${label}="${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`,
  );
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}
