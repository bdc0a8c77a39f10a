/**
 * ListGroups, versions 0 to 5. All groups are of type `classic`; filters match without regard to case, an empty one everything.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { listGroups } from '../wire/messages/16-list-groups.ts';
import { on } from './handler.ts';

const GROUP_TYPE = 'classic';

export const listGroupsHandler = on(listGroups, ({ statesFilter, typesFilter }, { broker }) => ({
  errorCode: ErrorCode.NONE,
  groups: broker.groups
    .list()
    .filter(({ phaseName }) => isWanted(phaseName, statesFilter))
    .filter(() => isWanted(GROUP_TYPE, typesFilter))
    .map(({ groupId, protocolType, phaseName }) => ({
      groupId,
      protocolType,
      groupState: phaseName,
      groupType: GROUP_TYPE,
    })),
}));

function isWanted(name: string, filter: readonly string[]): boolean {
  return (
    filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === name.toLowerCase())
  );
}
