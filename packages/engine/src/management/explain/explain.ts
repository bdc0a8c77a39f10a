import type { EntityDefinition } from '../../entity/entity-definition.ts';
import type { ExplainOutcome, ExplainQuestion } from './explain-outcome.ts';
import { type ExplainOptions, explainRecord } from './explain-record.ts';
import { type Explanation, isSameRecord } from './explanation.ts';
import { findMessages, rangesToSearch } from './find-messages.ts';

export type ExplainMessageOptions = Omit<ExplainOptions, 'definition'> & {
  readonly definition: ExplainOptions['definition'] &
    Pick<EntityDefinition<never, unknown, never>, 'messageIdOf'>;
};

/**
 * Answers what became of a record or a message: every input record that is meant, each with its whole life, oldest first within a partition; the copy of a forwarded one is told with it. Empty when no record carries the message's id among the newest
 * 100,000 offsets of each partition.
 *
 * Reading ends when what `log` and `journal` give is rejected because the signal is aborted: then what was found is told, with how far it came; if that is nothing, it is refused (`deadline`).
 */
export async function explain(
  options: ExplainMessageOptions,
  question: ExplainQuestion,
  signal: AbortSignal,
): Promise<ExplainOutcome> {
  if (question.kind === 'message') return explainMessage(options, question, signal);
  try {
    const explanation = await explainRecord(options, question.at);
    return { kind: 'explained', explanations: [explanation] };
  } catch (error) {
    if (!signal.aborted) throw error;
    const reason =
      'Time was up before the log and the journal had told the record’s life: wait for longer, or ask again later.';
    return { kind: 'refused', code: 'deadline', reason };
  }
}

async function explainMessage(
  options: ExplainMessageOptions,
  { entityId, messageId }: Extract<ExplainQuestion, { kind: 'message' }>,
  signal: AbortSignal,
): Promise<ExplainOutcome> {
  const { definition, eventTopic, log } = options;
  const topics = Object.keys(definition.inputs);
  const { messageIdOf } = definition;
  if (messageIdOf === undefined) return withoutIds(topics);
  const explanations: Explanation[] = [];
  const progress = { offsetsRead: 0, offsetsInAll: 0 };
  try {
    const ranges = await rangesToSearch(log, { topics, entityId, eventTopic });
    progress.offsetsInAll = ranges.reduce((sum, range) => sum + sizeOf(range), 0);
    for (const range of ranges) {
      const isMeant = (record: Parameters<typeof messageIdOf>[1]): boolean =>
        messageIdOf(range.topic, record) === messageId;
      for (const at of await findMessages(log, range, isMeant)) {
        explanations.push(await explainRecord(options, at));
      }
      progress.offsetsRead += sizeOf(range);
    }
    const told = tellOnce(explanations, entityId);
    if (told.length > 0) return { kind: 'explained', explanations: told };
    const sizeMax = Math.max(0, ...ranges.map(sizeOf));
    const searched = `No record with this id is among the newest ${sizeMax} offsets of ${ranges.length} ${ranges.length === 1 ? 'partition' : 'partitions'}.`;
    return { kind: 'explained', explanations: told, searched };
  } catch (error) {
    if (!signal.aborted) throw error;
    return inTime(tellOnce(explanations, entityId), progress);
  }
}

function sizeOf(range: { readonly offsetFrom: number; readonly offsetUntil: number }): number {
  return range.offsetUntil - range.offsetFrom;
}

function withoutIds(topics: readonly string[]): ExplainOutcome {
  const reason = `The records of ${topics.join(', ')} carry no id of their own: name the record by its topic, partition and offset.`;
  return { kind: 'refused', code: 'no-message-ids', reason };
}

/** What is told when time was up. */
function inTime(
  explanations: readonly Explanation[],
  { offsetsInAll, offsetsRead }: { readonly offsetsInAll: number; readonly offsetsRead: number },
): ExplainOutcome {
  const how = `Time was up after ${offsetsRead} of ${offsetsInAll} offsets`;
  if (explanations.length > 0) {
    const searched = `${how}: the rest may hold more records with this id.`;
    return { kind: 'explained', explanations, searched };
  }
  const reason = `${how}, and no record with this id was found: wait for longer; or name its entity, whose home alone is read then; or name the record by its topic, partition and offset.`;
  return { kind: 'refused', code: 'deadline', reason };
}

/** A copy of a forwarded record is told with it; and of another entity's records nobody asked. */
function tellOnce(
  explanations: readonly Explanation[],
  entityId: string | undefined,
): readonly Explanation[] {
  const copies = explanations.flatMap(({ home }) => (home ? [home.record] : []));
  return explanations.filter(
    ({ entityId: whose, record }) =>
      (entityId === undefined || whose === entityId) &&
      !copies.some((copy) => isSameRecord(copy, record)),
  );
}
