import type { Explanation, FoundEvent, FoundRecord, RecordAt } from './explanation.ts';

/** What a person wants to hear of a record's life; the first sentence says how it stands. */
export function sentencesOf(
  facts: Omit<Explanation, 'sentences'> & { readonly reason?: string },
): string[] {
  const { entityId, homePartition, record } = facts;
  const at = placeOf(record);
  const sentences: string[] = [];
  switch (facts.state) {
    case 'absent':
      return [facts.reason ?? 'There is no such record.'];
    case 'waiting':
      sentences.push(facts.reason ?? waiting(facts));
      break;
    case 'forwarding':
      sentences.push(
        `It is not at home: ${entityId} lives on partition ${homePartition}. Its copy there was not found: see whether retention has deleted it.`,
      );
      break;
    case 'forwarded':
      sentences.push(
        `It is not at home: ${entityId} lives on partition ${homePartition}, to where it was forwarded as ${facts.home ? placeOf(facts.home.record) : 'another record'}.`,
        ...(facts.home?.sentences ?? []),
      );
      break;
    case 'decided':
      sentences.push(...decided(facts));
      break;
  }
  const sent = facts.timestampMs === undefined ? '' : ` at ${timeOf(facts.timestampMs)}`;
  sentences.push(
    `Received as ${at}${sent}${entityId === undefined ? '' : `, for ${facts.entityType} ${entityId}`}.`,
  );
  if (facts.forwardedFrom) {
    sentences.push(`It was forwarded from ${placeOf(facts.forwardedFrom)}.`);
  }
  return sentences;
}

function waiting({ recordsBefore = 0 }: Pick<Explanation, 'recordsBefore'>): string {
  return recordsBefore === 0
    ? 'It is the next one of its partition to be decided and committed.'
    : `It waits: ${recordsBefore} offsets of its partition come before it. See /cluster/shards/…?detail for why, if that does not go on.`;
}

function decided({
  deadLetter,
  events = [],
  outputs = [],
}: Omit<Explanation, 'sentences'>): string[] {
  if (deadLetter !== undefined) {
    return [
      `It was refused (${deadLetter.code}): ${deadLetter.reason}`,
      `Its dead letter is ${foundText(deadLetter)}.`,
    ];
  }
  const parked = events.some(({ isParked }) => isParked);
  const first = parked
    ? 'It is parked: the code of its entity threw on it, or on one before it. See chatcluster quarantine show.'
    : events.length > 0
      ? 'It was decided, and its transaction has committed.'
      : outputs.length > 0
        ? 'It was answered without an event, and its transaction has committed.'
        : 'It was decided and led to nothing: the repeat of an earlier one, or a request whose answer is deleted.';
  return [
    first,
    ...events.map(eventText),
    ...outputs.map((output) => `Output: ${foundText(output)}.`),
  ];
}

function eventText(event: FoundEvent): string {
  const journal = event.isJournaled
    ? 'It is in the journal.'
    : 'It is in the backlog: the journal does not have it yet.';
  return `Event ${event.seq} of the entity (number ${event.eventNumber} of the shard): ${foundText(event)}. ${journal}`;
}

function foundText(found: FoundRecord): string {
  return `${placeOf(found)}, appended at ${timeOf(found.appendedMs)}`;
}

function placeOf({ topic, partition, offset }: RecordAt): string {
  return `${topic} ${partition}:${offset}`;
}

/** Whatever time a sender has put on its record can be told. */
function timeOf(timestampMs: number): string {
  const date = new Date(timestampMs);
  return Number.isNaN(date.getTime()) ? `${timestampMs} ms` : date.toISOString();
}
