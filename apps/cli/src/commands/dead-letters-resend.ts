import { APPLICATION_OPTION, type Application, applicationOf, inputOf } from '../application.ts';
import { CLUSTER_OPTIONS, type ClusterAccess, findTopics, withCluster } from '../cluster-access.ts';
import { type Command, CommandFailure, UsageError } from '../command.ts';
import { type DeadLetter, deadLetterAt } from '../dead-letter-reader.ts';
import type { Given } from '../given.ts';
import { type NewValue, newValueOf, requireFit, VALUE_FILE_OPTION } from '../new-value.ts';
import { type SentRecord, sendRecord } from '../send-record.ts';

export const deadLettersResend: Command = {
  name: 'dead-letters resend',
  summary: 'send refused records once more to the topic where they were',
  operands: 'POSITION…',
  details: `Each keeps its key and its headers, and its value unless --value or --value-file gives it another one.
The dead letters themselves stay where they are.
`,
  options: {
    value: { value: 'JSON', description: 'what to send instead; for one position' },
    ...VALUE_FILE_OPTION,
    ...APPLICATION_OPTION,
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    const positions = given.operandList('POSITION');
    const application = applicationOf(given);
    const value = newValue(given, positions);
    return withCluster(given, context, async (cluster) => {
      // All are looked at before the first is sent: a slip in one of them sends none.
      const letters: DeadLetter[] = [];
      for (const position of positions) {
        const letter = await deadLetterAt(cluster, application, position);
        letters.push(resendable(application, letter, value));
      }
      for (const letter of letters) {
        const sent = await resend(cluster, letter, value?.bytes);
        const { topic, partition, offset } = sent;
        context.print(
          given.has('json')
            ? JSON.stringify({ position: letter.position, ...sent })
            : `${letter.position} sent to ${topic} ${partition}:${offset}`,
        );
      }
    });
  },
};

function newValue(given: Given, positions: readonly string[]): NewValue | undefined {
  const value = newValueOf(given, given.text('value'));
  if (value !== undefined && positions.length > 1) {
    throw new UsageError('Another value is for one position, not for several.');
  }
  return value;
}

function resendable(
  application: Application,
  letter: DeadLetter,
  value: NewValue | undefined,
): DeadLetter {
  const { position, origin, truncated } = letter;
  const input = inputOf(application, origin.topic);
  if (input === undefined) {
    throw new CommandFailure(
      `The dead letter ${position} does not come from an input topic, and cannot be sent to "${origin.topic}".`,
    );
  }
  if (truncated !== undefined && value === undefined) {
    throw new CommandFailure(
      `Only the start of ${position} is left (it had ${truncated} bytes): give what to send with ${input.isBinary ? '--value-file' : '--value'}.`,
    );
  }
  if (value !== undefined) requireFit(value, input);
  return letter;
}

/**
 * To the home of its key; one without a key to the partition where it was: a node forwards it to
 * where it belongs.
 */
async function resend(
  cluster: ClusterAccess,
  letter: DeadLetter,
  value: Uint8Array | undefined,
): Promise<SentRecord> {
  const { origin, key, headers } = letter;
  const [topic] = await findTopics(cluster, [origin.topic]);
  const record = { key, value: value ?? letter.value, headers };
  const isThere = origin.partition >= 0 && origin.partition < topic!.partitionCount;
  return sendRecord(cluster.log, topic!, {
    ...record,
    ...(key === null && isThere ? { partition: origin.partition } : undefined),
  });
}
