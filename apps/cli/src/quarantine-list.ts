import {
  type ConversationQuarantine,
  conversationQuarantine,
  type ParkedRecord,
} from '@chat-cluster/contract';
import { type ClusterAccess, findTopics } from './cluster-access.ts';
import { CommandFailure } from './command.ts';
import { readAll } from './read-all.ts';
import { textOf } from './record-text.ts';

/** The conversations that are quarantined now, longest first. */
export async function readQuarantine(
  cluster: ClusterAccess,
): Promise<readonly ConversationQuarantine[]> {
  const [topic] = await findTopics(cluster, [conversationQuarantine.name]);
  const byKey = new Map<string, ConversationQuarantine>();
  await readAll(cluster.log, topic!, ({ key, value }) => {
    if (key === null) return;
    // The last record of a key counts, and one without a value releases it.
    byKey.delete(textOf(key));
    const decoded = conversationQuarantine.decode(value);
    if (decoded.ok) byKey.set(textOf(key), decoded.value);
  });
  return [...byKey.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
}

/** The quarantine of one conversation. Throws a CommandFailure if it is not quarantined. */
export async function quarantineOf(
  cluster: ClusterAccess,
  entityId: string,
): Promise<ConversationQuarantine> {
  const all = await readQuarantine(cluster);
  const found = all.find((each) => each.entityId === entityId);
  if (found !== undefined) return found;
  throw new CommandFailure(
    `Conversation ${entityId} is not quarantined: chatcluster quarantine list shows which are.`,
  );
}

/** The record that the conversation failed on, which skip and edit mean. */
export function firstParked(quarantine: ConversationQuarantine): ParkedRecord {
  const [first] = quarantine.parked;
  if (first !== undefined) return first;
  throw new CommandFailure(
    `No record of ${quarantine.entityId} is parked: its stored state or events cannot be read, which only another version of the program can mend. Then: chatcluster quarantine retry ${quarantine.entityId}`,
  );
}
