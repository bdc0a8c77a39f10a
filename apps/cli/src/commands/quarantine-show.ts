import { printable, timeText } from '@chat-cluster/kernel';
import { APPLICATION_OPTION, applicationOf } from '../application.ts';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { readParkedValues } from '../parked-values.ts';
import { quarantineOf } from '../quarantine-list.ts';

export const quarantineShow: Command = {
  name: 'quarantine show',
  summary: 'show why a conversation is quarantined, and what is parked',
  operands: 'KEY',
  details: `The first parked record is the one that it failed on; retry, skip and edit begin with it.
`,
  options: { ...APPLICATION_OPTION, ...CLUSTER_OPTIONS },
  run: (given, context) => {
    const [entityId] = given.operands('KEY');
    const application = applicationOf(given);
    return withCluster(given, context, async (cluster) => {
      const quarantine = await quarantineOf(cluster, application, entityId);
      const { sinceMs, reason, parkedCount } = quarantine;
      const parked = await readParkedValues(cluster, application, quarantine.parked);
      if (given.has('json')) {
        const told = parked.map(({ record, json }) => ({ ...record, ...json }));
        return context.print(JSON.stringify({ ...quarantine, parked: told }));
      }
      context.print(`${printable(entityId)}  since ${timeText(sinceMs)}`);
      context.print(`    ${printable(reason)}`);
      for (const { record, text } of parked) {
        const { topic, partition, offset } = record;
        context.print(`${printable(topic)} ${partition}:${offset}  ${text}`);
      }
      const moreCount = parkedCount - parked.length;
      if (moreCount > 0) context.print(`and ${moreCount} more`);
    });
  },
};
