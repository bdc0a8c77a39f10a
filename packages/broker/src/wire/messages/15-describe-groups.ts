import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, bytes, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeGroups = declareApi({
  key: 15,
  name: 'DescribeGroups',
  versions: '0-6',
  flexibleVersions: '5+',
  request: {
    groups: field(array(string)),
    includeAuthorizedOperations: field(bool, '3+'),
  },
  response: {
    throttleTimeMs: optional(int32, '1+'),
    groups: field(
      array(
        struct({
          errorCode: field(int16),
          errorMessage: optional(nullable(string), '6+', null),
          groupId: field(string),
          groupState: field(string),
          protocolType: field(string),
          protocolData: field(string),
          members: field(
            array(
              struct({
                memberId: field(string),
                groupInstanceId: optional(nullable(string), '4+', null),
                clientId: field(string),
                clientHost: field(string),
                memberMetadata: field(bytes),
                memberAssignment: field(bytes),
              }),
            ),
          ),
          authorizedOperations: optional(int32, '3+', -2147483648),
        }),
      ),
    ),
  },
});
