/** Heartbeat, versions 0 to 4. */
import { heartbeat } from '../wire/messages/12-heartbeat.ts';
import { on } from './handler.ts';

export const heartbeatHandler = on(heartbeat, ({ groupId, ...identity }, { broker }) => ({
  errorCode: broker.groups.heartbeat(groupId, identity),
}));
