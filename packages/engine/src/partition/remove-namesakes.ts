import { sleep } from '@chat-cluster/kernel';
import type { WorkerOptions } from '../worker-options.ts';
import { decodeIdentity } from './worker-identity.ts';

/** Another worker has this one's name, and answers. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError';
}

/** Names are shown only while the group is stable; a group that is not within this many looks has a rebalance that will find out by itself. */
const LOOKS_MAX = 10;
const LOOK_INTERVAL_MS = 50;

/**
 * Removes members of this worker's name that do not live any more: what an earlier run of it left behind when it was killed. Otherwise the group would wait for their
 * session to end. Rejects with NameTakenError when one of them lives.
 */
export async function removeNamesakes<State, Command, Event>(
  options: WorkerOptions<State, Command, Event>,
): Promise<void> {
  const { groupId, identity, isAlive, log, report, timers } = options;
  let group = await log.admin.describeGroup(groupId);
  for (let looks = 1; isRebalancing(group.state) && looks < LOOKS_MAX; looks++) {
    await sleep(timers, LOOK_INTERVAL_MS);
    group = await log.admin.describeGroup(groupId);
  }
  for (const { memberId, userData } of group.members) {
    const namesake = decodeIdentity(userData);
    if (namesake?.name !== identity.name) continue;
    if ((await isAlive?.({ ...namesake, memberId })) === true) {
      throw new NameTakenError(
        `A worker named ${identity.name} runs already, at ${namesake.endpoint}. Stop it, or start this one with another --endpoint.`,
      );
    }
    report('info', 'Removing what an earlier run of this worker left in the group.', { memberId });
    await log.admin.removeMember({ groupId, memberId, reason: 'its process was started again' });
  }
}

function isRebalancing(state: string): boolean {
  return state === 'PreparingRebalance' || state === 'CompletingRebalance';
}
