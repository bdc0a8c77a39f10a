import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const txnOffsetCommit = declareApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: '0-4',
  flexibleVersions: '3+',
  request: {
    transactionalId: field(string),
    groupId: field(string),
    producerId: field(int64),
    producerEpoch: field(int16),
    generationId: optional(int32, '3+', -1),
    memberId: optional(string, '3+'),
    groupInstanceId: optional(nullable(string), '3+', null),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                committedOffset: field(int64),
                committedLeaderEpoch: optional(int32, '2+', -1),
                committedMetadata: field(nullable(string)),
              }),
            ),
          ),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32),
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
