import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bytes, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const syncGroup = declareApi({
  key: 14,
  name: 'SyncGroup',
  versions: '0-5',
  flexibleVersions: '4+',
  request: {
    groupId: field(string),
    generationId: field(int32),
    memberId: field(string),
    groupInstanceId: optional(nullable(string), '3+', null),
    protocolType: optional(nullable(string), '5+', null),
    protocolName: optional(nullable(string), '5+', null),
    assignments: field(
      array(
        struct({
          memberId: field(string),
          assignment: field(bytes),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    errorCode: field(int16),
    protocolType: optional(nullable(string), '5+', null),
    protocolName: optional(nullable(string), '5+', null),
    assignment: field(bytes),
  },
});
