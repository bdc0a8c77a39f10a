import {
  conversationControl,
  encodeUtf8,
  instantMessageIn,
  latestMessagesRequest,
} from '@chat-cluster/contract';
import { CLUSTER_OPTIONS, type ClusterAccess, findTopics, withCluster } from '../cluster-access.ts';
import { type Command, CommandFailure, UsageError } from '../command.ts';
import { type DeadLetter, deadLetterAt } from '../dead-letter-reader.ts';
import type { Given } from '../given.ts';
import { type SentRecord, sendRecord } from '../send-record.ts';

export const deadLettersResend: Command = {
  name: 'dead-letters resend',
  summary: 'send refused records once more to the topic where they were',
  operands: 'POSITION…',
  details: `Each keeps its key and its headers, and its value unless --value gives it another one.
The dead letters themselves stay where they are.
`,
  options: {
    value: { value: 'JSON', description: 'what to send instead; for one position' },
    ...CLUSTER_OPTIONS,
  },
  run: (given, context) => {
    const positions = given.operandList('POSITION');
    const value = newValue(given, positions);
    return withCluster(given, context, async (cluster) => {
      // All are looked at before the first is sent: a slip in one of them sends none.
      const letters: DeadLetter[] = [];
      for (const position of positions) {
        letters.push(resendable(await deadLetterAt(cluster, position), value));
      }
      for (const letter of letters) {
        const sent = await resend(cluster, letter, value);
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

const INPUT_TOPICS = [instantMessageIn.name, latestMessagesRequest.name, conversationControl.name];

function newValue(given: Given, positions: readonly string[]): Uint8Array | undefined {
  const value = given.text('value');
  if (value === undefined) return undefined;
  if (positions.length > 1) throw new UsageError('--value is for one position, not for several.');
  return encodeUtf8(value);
}

function resendable(letter: DeadLetter, value: Uint8Array | undefined): DeadLetter {
  const { position, origin, truncated } = letter;
  if (!INPUT_TOPICS.includes(origin.topic)) {
    throw new CommandFailure(
      `The dead letter ${position} does not come from an input topic, and cannot be sent to "${origin.topic}".`,
    );
  }
  if (truncated !== undefined && value === undefined) {
    throw new CommandFailure(
      `Only the start of ${position} is left (it had ${truncated} bytes): give what to send with --value.`,
    );
  }
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
