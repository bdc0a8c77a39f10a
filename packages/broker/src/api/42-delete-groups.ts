/** DeleteGroups, versions 0 to 2. Groups without members only; their committed offsets go with them. */
import { deleteGroups } from '../wire/messages/42-delete-groups.ts';
import { on } from './handler.ts';

export const deleteGroupsHandler = on(deleteGroups, async ({ groupsNames }, { broker }) => {
  const remove = async (groupId: string) => ({
    groupId,
    errorCode: await broker.groups.delete(groupId),
  });
  return { results: await Promise.all(groupsNames.map(remove)) };
});
