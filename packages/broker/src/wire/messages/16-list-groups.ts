import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const listGroups = declareApi({
  key: 16,
  name: 'ListGroups',
  versions: '0-5',
  flexibleVersions: '3+',
  request: {
    statesFilter: field(array(string), '4+'),
    typesFilter: field(array(string), '5+'),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    errorCode: field(int16),
    groups: field(
      array(
        struct({
          groupId: field(string),
          protocolType: field(string),
          groupState: field(string, '4+'),
          groupType: field(string, '5+'),
        }),
      ),
    ),
  },
});
