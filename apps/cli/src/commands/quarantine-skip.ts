import type { Command } from '../command.ts';
import { CONTROL_OPTIONS, controlQuarantine } from '../control-quarantine.ts';
import { firstParked } from '../quarantine-list.ts';

export const quarantineSkip: Command = {
  name: 'quarantine skip',
  summary: 'leave out the record that a conversation failed on',
  operands: 'KEY',
  details: `Then its other parked records are tried, in order.
`,
  options: CONTROL_OPTIONS,
  run: (given, context) => {
    const [entityId] = given.operands('KEY');
    return controlQuarantine(given, context, {
      entityId,
      control: (quarantine, application) => {
        const { topicId, partition, offset } = firstParked(application, quarantine);
        return { entityId, action: 'skip', position: { topicId, partition, offset } };
      },
    });
  },
};
