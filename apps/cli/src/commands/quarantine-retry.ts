import type { Command } from '../command.ts';
import { CONTROL_OPTIONS, controlQuarantine } from '../control-quarantine.ts';

export const quarantineRetry: Command = {
  name: 'quarantine retry',
  summary: 'try the parked records of a conversation again',
  operands: 'KEY',
  details: `In order, until one fails again. For when another version of the program runs.
`,
  options: CONTROL_OPTIONS,
  run: (given, context) => {
    const [entityId] = given.operands('KEY');
    const control = () => ({ entityId, action: 'retry' }) as const;
    return controlQuarantine(given, context, { entityId, control });
  },
};
