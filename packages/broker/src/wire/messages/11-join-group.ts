import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, bytes, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const joinGroup = declareApi({
  key: 11,
  name: 'JoinGroup',
  versions: '0-9',
  flexibleVersions: '6+',
  request: {
    groupId: field(string),
    sessionTimeoutMs: field(int32),
    rebalanceTimeoutMs: optional(int32, '1+', -1),
    memberId: field(string),
    groupInstanceId: optional(nullable(string), '5+', null),
    protocolType: field(string),
    protocols: field(
      array(
        struct({
          name: field(string),
          metadata: field(bytes),
        }),
      ),
    ),
    reason: optional(nullable(string), '8+', null),
  },
  response: {
    throttleTimeMs: optional(int32, '2+'),
    errorCode: field(int16),
    generationId: optional(int32, '0+', -1),
    protocolType: optional(nullable(string), '7+', null),
    protocolName: field(nullable(string, '7+')),
    leader: field(string),
    skipAssignment: optional(bool, '9+'),
    memberId: field(string),
    members: field(
      array(
        struct({
          memberId: field(string),
          groupInstanceId: optional(nullable(string), '5+', null),
          metadata: field(bytes),
        }),
      ),
    ),
  },
});
