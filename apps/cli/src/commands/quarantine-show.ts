import { printable, timeText } from '@chat-cluster/kernel';
import { CLUSTER_OPTIONS, withCluster } from '../cluster-access.ts';
import type { Command } from '../command.ts';
import { quarantineOf } from '../quarantine-list.ts';

export const quarantineShow: Command = {
  name: 'quarantine show',
  summary: 'show why a conversation is quarantined, and what is parked',
  operands: 'KEY',
  details: `The first parked record is the one that it failed on; retry, skip and edit begin with it.
`,
  options: CLUSTER_OPTIONS,
  run: (given, context) => {
    const [entityId] = given.operands('KEY');
    return withCluster(given, context, async (cluster) => {
      const quarantine = await quarantineOf(cluster, entityId);
      if (given.has('json')) return context.print(JSON.stringify(quarantine));
      const { sinceMs, reason, parked, parkedCount } = quarantine;
      context.print(`${printable(entityId)}  since ${timeText(sinceMs)}`);
      context.print(`    ${printable(reason)}`);
      for (const { topic, partition, offset, valuePreview } of parked) {
        const value = valuePreview === null ? '(no value)' : printable(valuePreview);
        context.print(`${printable(topic)} ${partition}:${offset}  ${value}`);
      }
      const moreCount = parkedCount - parked.length;
      if (moreCount > 0) context.print(`and ${moreCount} more`);
    });
  },
};
