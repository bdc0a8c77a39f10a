import type { ConversationQuarantine, ParkedRecord } from '@chat-cluster/contract';
import { type Application, optionText } from './application.ts';
import { type ClusterAccess, findTopics } from './cluster-access.ts';
import { CommandFailure } from './command.ts';
import { readAll } from './read-all.ts';
import { textOf } from './record-text.ts';

/** The entities that are quarantined now, longest first. */
export async function readQuarantine(
  cluster: ClusterAccess,
  application: Application,
): Promise<readonly ConversationQuarantine[]> {
  const [topic] = await findTopics(cluster, [application.quarantine.name]);
  const byKey = new Map<string, ConversationQuarantine>();
  await readAll(cluster.log, topic!, ({ key, value }) => {
    if (key === null) return;
    // The last record of a key counts, and one without a value releases it.
    byKey.delete(textOf(key));
    const decoded = application.quarantine.decode(value);
    if (decoded.ok) byKey.set(textOf(key), decoded.value);
  });
  return [...byKey.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
}

/** The quarantine of one entity. Throws a CommandFailure if it is not quarantined. */
export async function quarantineOf(
  cluster: ClusterAccess,
  application: Application,
  entityId: string,
): Promise<ConversationQuarantine> {
  const all = await readQuarantine(cluster, application);
  const found = all.find((each) => each.entityId === entityId);
  if (found !== undefined) return found;
  throw new CommandFailure(
    `${application.entity === 'user' ? 'User' : 'Conversation'} ${entityId} is not quarantined: chatcluster quarantine list${optionText(application)} shows which are.`,
  );
}

/** The record that the entity failed on, which skip and edit mean. */
export function firstParked(
  application: Application,
  quarantine: ConversationQuarantine,
): ParkedRecord {
  const [first] = quarantine.parked;
  if (first !== undefined) return first;
  throw new CommandFailure(
    `No record of ${quarantine.entityId} is parked: its stored state or events cannot be read, which only another version of the program can mend. Then: chatcluster quarantine retry ${quarantine.entityId}${optionText(application)}`,
  );
}
