/** SyncGroup, versions 0 to 5. Answered when the leader's assignment is durable. */
import { syncGroup } from '../wire/messages/14-sync-group.ts';
import { on } from './handler.ts';

export const syncGroupHandler = on(syncGroup, ({ groupId, ...request }, { broker }) =>
  broker.groups.sync(groupId, request),
);
