/** What goes with every committed offset: which incarnation of the topic it counts in, and how many events the shard had by then. */
export type CommittedMetadata = { readonly topicId: string; readonly eventNumber: number };

const MARK = 'cc1';

/** `cc1;<topic id>;<event number>`: readable in the tools that show offsets. */
export function encodeCommittedMetadata(metadata: CommittedMetadata): string {
  return `${MARK};${metadata.topicId};${metadata.eventNumber}`;
}

/** Undefined when it is not ours: somebody else committed this offset (a tool that reset the group, say). */
export function decodeCommittedMetadata(text: string): CommittedMetadata | undefined {
  const [mark, topicId, number, ...rest] = text.split(';');
  if (mark !== MARK || !topicId || !number || rest.length > 0) return undefined;
  const eventNumber = Number(number);
  return Number.isSafeInteger(eventNumber) && eventNumber >= 0
    ? { topicId, eventNumber }
    : undefined;
}
