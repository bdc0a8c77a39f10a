import {
  encodeUtf8,
  instantMessageIn,
  latestMessagesRequest,
  type ParkedRecord,
} from '@chat-cluster/contract';
import { type Command, UsageError } from '../command.ts';
import { CONTROL_OPTIONS, controlQuarantine } from '../control-quarantine.ts';
import { firstParked } from '../quarantine-list.ts';

export const quarantineEdit: Command = {
  name: 'quarantine edit',
  summary: 'put another value in the place of the one that a conversation failed on',
  operands: 'KEY JSON',
  details: `JSON is a whole value of the topic where the record was. Then the other parked records are
tried, in order.
`,
  options: CONTROL_OPTIONS,
  run: (given, context) => {
    const [entityId, value] = given.operands('KEY', 'JSON');
    return controlQuarantine(given, context, {
      entityId,
      control: (quarantine) => {
        const parked = firstParked(quarantine);
        checkValue(parked, entityId, value);
        const { topicId, partition, offset } = parked;
        return { entityId, action: 'edit', position: { topicId, partition, offset }, value };
      },
    });
  },
};

/** What the conversation could not read would only become a dead letter. */
function checkValue(parked: ParkedRecord, entityId: string, value: string): void {
  const topic = [instantMessageIn, latestMessagesRequest].find(({ name }) => name === parked.topic);
  const decoded = topic?.decode(encodeUtf8(value));
  if (decoded === undefined) return;
  if (!decoded.ok) throw new UsageError(`${decoded.reason} (${parked.topic})`);
  if (decoded.value.conversationKey !== entityId) {
    throw new UsageError(`conversationKey must stay "${entityId}".`);
  }
}
