import { preview, printable, timeText } from '@chat-cluster/kernel';
import { APPLICATION_OPTION, applicationOf } from '../application.ts';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { readQuarantine } from '../quarantine-list.ts';

/** Of a reason, in a list. */
const REASON_LENGTH_MAX = 120;

export const quarantineList: Command = {
  name: 'quarantine list',
  summary: 'show conversations, or users, that were put aside because their rules failed',
  operands: '',
  details: `What comes for such a conversation is parked, in order, until an operator acts; all other
conversations go on.
`,
  options: { ...APPLICATION_OPTION, ...CLUSTER_OPTIONS },
  run: (given, context) => {
    given.operands();
    const application = applicationOf(given);
    return withCluster(given, context, async (cluster) => {
      const all = await readQuarantine(cluster, application);
      for (const quarantine of all) {
        const { entityId, sinceMs, parkedCount, reason } = quarantine;
        const parts = [
          printable(entityId),
          `since ${timeText(sinceMs)}`,
          `${parkedCount} parked`,
          preview(reason, REASON_LENGTH_MAX),
        ];
        context.print(given.has('json') ? JSON.stringify(quarantine) : parts.join('  '));
      }
      if (all.length === 0) context.note(`No ${application.entity} is quarantined.`);
    });
  },
};
