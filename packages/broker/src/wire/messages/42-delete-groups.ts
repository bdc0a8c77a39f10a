import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const deleteGroups = declareApi({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-2',
  flexibleVersions: '2+',
  request: {
    groupsNames: field(array(string)),
  },
  response: {
    throttleTimeMs: optional(int32),
    results: field(
      array(
        struct({
          groupId: field(string),
          errorCode: field(int16),
        }),
      ),
    ),
  },
});
