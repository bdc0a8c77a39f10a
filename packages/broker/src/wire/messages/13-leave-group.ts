import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const leaveGroup = declareApi({
  key: 13,
  name: 'LeaveGroup',
  versions: '0-5',
  flexibleVersions: '4+',
  request: {
    groupId: field(string),
    memberId: optional(string, '0-2'),
    members: field(
      array(
        struct({
          memberId: field(string),
          groupInstanceId: optional(nullable(string), '0+', null),
          reason: optional(nullable(string), '5+', null),
        }),
      ),
      '3+',
    ),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    errorCode: field(int16),
    members: field(
      array(
        struct({
          memberId: field(string),
          groupInstanceId: field(nullable(string)),
          errorCode: field(int16),
        }),
      ),
      '3+',
    ),
  },
});
