import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const offsetForLeaderEpoch = declareApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: '2-4',
  flexibleVersions: '4+',
  request: {
    replicaId: optional(int32, '3+', -2),
    topics: field(
      array(
        struct({
          topic: field(string),
          partitions: field(
            array(
              struct({
                partition: field(int32),
                currentLeaderEpoch: optional(int32, '0+', -1),
                leaderEpoch: field(int32),
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
          topic: field(string),
          partitions: field(
            array(
              struct({
                errorCode: field(int16),
                partition: field(int32),
                leaderEpoch: optional(int32, '0+', -1),
                endOffset: optional(int64, '0+', -1),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
