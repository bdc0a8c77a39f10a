import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const offsetCommit = declareApi({
  key: 8,
  name: 'OffsetCommit',
  versions: '2-9',
  flexibleVersions: '8+',
  request: {
    groupId: field(string),
    generationIdOrMemberEpoch: optional(int32, '0+', -1),
    memberId: field(string),
    groupInstanceId: optional(nullable(string), '7+', null),
    retentionTimeMs: optional(int64, '2-4', -1),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                committedOffset: field(int64),
                committedLeaderEpoch: optional(int32, '6+', -1),
                committedMetadata: field(nullable(string)),
              }),
            ),
          ),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32, '3+'),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                errorCode: field(int16),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
