/** From all to nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Lines for people, or JSON lines for programs. `auto`: for people on a terminal, else for programs. */
export const LOG_FORMS = ['auto', 'text', 'json'] as const;

export type LogForm = (typeof LOG_FORMS)[number];

export type LogSettings = {
  readonly logForm: LogForm;
  readonly logLevel: LogLevel;
};
