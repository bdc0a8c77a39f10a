import { homePartition } from '@chat-cluster/log';
import type { EntityDefinition } from '../../entity/entity-definition.ts';
import { type ExplainOptions, explainRecord } from './explain-record.ts';
import { type Explanation, isSameRecord, type RecordAt } from './explanation.ts';
import { findMessage } from './find-message.ts';

/** Which record is meant: by its place, or by the id that its sender gave it. */
export type ExplainQuestion =
  | { readonly kind: 'record'; readonly at: RecordAt }
  | {
      readonly kind: 'message';
      readonly messageId: string;
      /** Whose it is: then one partition is read, not all. */
      readonly entityId: string | undefined;
    };

export type ExplainerOptions = Omit<ExplainOptions, 'definition'> & {
  readonly definition: ExplainOptions['definition'] &
    Pick<EntityDefinition<never, unknown, never>, 'messageIdOf'>;
};

/**
 * Answers what became of a record or a message: every input record that is meant, each with its whole life, oldest first within a partition; the copy of a forwarded one is told with it. Empty when no record carries the message's id among the newest
 * 100,000 of each partition.
 */
export async function explain(
  options: ExplainerOptions,
  question: ExplainQuestion,
): Promise<Explanation[]> {
  if (question.kind === 'record') return [await explainRecord(options, question.at)];
  const { definition, eventTopic, log } = options;
  const { entityId, messageId } = question;
  const [events] = await log.admin.describeTopics([eventTopic]);
  const partition =
    entityId === undefined || events === undefined
      ? undefined
      : homePartition(Buffer.from(entityId), events.partitionCount);
  const explanations: Explanation[] = [];
  for (const topic of Object.keys(definition.inputs)) {
    const found = await findMessage(log, {
      topic,
      partition,
      isMeant: (record) => definition.messageIdOf?.(topic, record) === messageId,
    });
    for (const at of found) explanations.push(await explainRecord(options, at));
  }
  const copies = explanations.flatMap(({ home }) => (home ? [home.record] : []));
  return explanations.filter(
    ({ entityId: whose, record }) =>
      (entityId === undefined || whose === entityId) &&
      !copies.some((copy) => isSameRecord(copy, record)),
  );
}
