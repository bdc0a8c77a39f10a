/** Tells people what happens: a sentence and its facts. Never secrets or message bodies. The app prints it. */
export type Report = (
  level: 'info' | 'warn' | 'error',
  sentence: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;
