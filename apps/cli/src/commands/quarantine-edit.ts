import { decodeUtf8, type ParkedRecord } from '@chat-cluster/contract';
import { type Application, inputOf } from '../application.ts';
import { type Command, UsageError } from '../command.ts';
import { CONTROL_OPTIONS, controlQuarantine } from '../control-quarantine.ts';
import type { Given } from '../given.ts';
import { type NewValue, newValueOf, requireFit, VALUE_FILE_OPTION } from '../new-value.ts';
import { firstParked } from '../quarantine-list.ts';

export const quarantineEdit: Command = {
  name: 'quarantine edit',
  summary: 'put another value in the place of the one that a conversation failed on',
  operands: 'KEY [JSON]',
  details: `JSON is a whole value of the topic where the record was; where values are no text, --value-file has
it. Then the other parked records are tried, in order.
`,
  options: { ...VALUE_FILE_OPTION, ...CONTROL_OPTIONS },
  run: (given, context) => {
    const { entityId, value } = editOf(given);
    return controlQuarantine(given, context, {
      entityId,
      control: (quarantine, application) => {
        const parked = firstParked(application, quarantine);
        checkValue(application, { parked, entityId, value });
        const { topicId, partition, offset } = parked;
        const position = { topicId, partition, offset };
        return { entityId, action: 'edit', position, ...written(value) };
      },
    });
  },
};

function editOf(given: Given): { readonly entityId: string; readonly value: NewValue } {
  const isFile = given.has('value-file');
  const [entityId, text] = isFile ? [...given.operands('KEY')] : given.operands('KEY', 'JSON');
  const value = newValueOf(given, text);
  if (entityId === undefined || value === undefined) throw new UsageError('JSON is missing.');
  return { entityId, value };
}

/** What the entity could not read would only become a dead letter. */
function checkValue(
  application: Application,
  {
    entityId,
    parked,
    value,
  }: { readonly entityId: string; readonly parked: ParkedRecord; readonly value: NewValue },
): void {
  const input = inputOf(application, parked.topic);
  if (input === undefined) return;
  const fit = requireFit(value, input);
  if (fit.entityId !== entityId) {
    throw new UsageError(`${input.key} must stay "${entityId}".`);
  }
}

/** As text where it can be: whoever reads the control topic sees what it says. */
function written({
  bytes,
}: NewValue): { readonly value: string } | { readonly valueBase64: string } {
  const value = decodeUtf8(bytes);
  return value === undefined ? { valueBase64: Buffer.from(bytes).toString('base64') } : { value };
}
