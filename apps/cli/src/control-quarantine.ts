import {
  type ConversationControl,
  type ConversationQuarantine,
  encodeUtf8,
} from '@chat-cluster/contract';
import { printable } from '@chat-cluster/kernel';
import { homePartition } from '@chat-cluster/log';
import { type Application, APPLICATION_OPTION, applicationOf, optionText } from './application.ts';
import { type ClusterAccess, CLUSTER_OPTIONS, findTopics, withCluster } from './cluster-access.ts';
import { type CommandContext, CommandFailure } from './command.ts';
import { follow, startsAt } from './follow.ts';
import type { Given } from './given.ts';
import { quarantineOf } from './quarantine-list.ts';
import { textOf } from './record-text.ts';
import { sendRecord } from './send-record.ts';
import { TIMEOUT_OPTION, timeoutMsOf } from './timeout-option.ts';

/** Options of the commands that act on a quarantine. */
export const CONTROL_OPTIONS = {
  ...APPLICATION_OPTION,
  ...TIMEOUT_OPTION,
  ...CLUSTER_OPTIONS,
};

/**
 * Tells the entity's node what to do, and waits for what comes of it: released, or a record
 * that it fails on again.
 */
export function controlQuarantine(
  given: Given,
  context: CommandContext,
  options: {
    readonly entityId: string;
    /** Made from what is quarantined now. */
    readonly control: (
      quarantine: ConversationQuarantine,
      application: Application,
    ) => ConversationControl;
  },
): Promise<void> {
  const { entityId } = options;
  const application = applicationOf(given);
  const timeoutMs = timeoutMsOf(given);
  return withCluster(given, context, async (cluster) => {
    const control = options.control(
      await quarantineOf(cluster, application, entityId),
      application,
    );
    const outcome = await sendControl(context, cluster, { application, control, timeoutMs });
    if (given.has('json')) context.print(JSON.stringify({ entityId, ...outcome }));
    else context.print(`${printable(entityId)} ${sentenceOf(outcome)}`);
    if (!outcome.released) throw new CommandFailure(`${entityId} is still quarantined.`);
  });
}

type Outcome =
  | { readonly released: true }
  | { readonly released: false; readonly reason: string; readonly parkedCount: number };

function sentenceOf(outcome: Outcome): string {
  if (outcome.released) return 'is released: all its parked records are done with.';
  const { parkedCount, reason } = outcome;
  return `fails on its next record (${parkedCount} parked): ${printable(reason)}`;
}

async function sendControl(
  context: CommandContext,
  cluster: ClusterAccess,
  {
    application,
    control,
    timeoutMs,
  }: {
    readonly application: Application;
    readonly control: ConversationControl;
    readonly timeoutMs: number;
  },
): Promise<Outcome> {
  const { log } = cluster;
  const [controls, list] = await findTopics(cluster, [
    application.control.name,
    application.quarantine.name,
  ]);
  const key = encodeUtf8(control.entityId);
  const partition = homePartition(key, list!.partitionCount);
  const starts = await startsAt(log, 'latest', [{ ...list!, partition }]);
  await sendRecord(log, controls!, { key, value: application.control.encode(control) });
  const outcome = await follow(context, {
    log,
    starts,
    timeoutMs,
    visit: (_topic, record): Outcome | undefined => {
      if (record.key === null || textOf(record.key) !== control.entityId) return undefined;
      if (record.value === null) return { released: true };
      const decoded = application.quarantine.decode(record.value);
      if (!decoded.ok) return undefined;
      const { reason, parkedCount } = decoded.value;
      return { released: false, reason, parkedCount };
    },
  });
  if (outcome !== undefined) return outcome;
  throw new CommandFailure(
    `The command was sent, and nothing came of it within ${timeoutMs / 1_000} s: see that a node runs, and look again with chatcluster quarantine show ${control.entityId}${optionText(application)}`,
  );
}
