import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, int64, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const listOffsets = declareApi({
  key: 2,
  name: 'ListOffsets',
  versions: '1-10',
  flexibleVersions: '6+',
  request: {
    replicaId: field(int32),
    isolationLevel: field(int8, '2+'),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                currentLeaderEpoch: optional(int32, '4+', -1),
                timestamp: field(int64),
              }),
            ),
          ),
        }),
      ),
    ),
    timeoutMs: optional(int32, '10+'),
  },
  response: {
    throttleTimeMs: optional(int32, '2+'),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                errorCode: field(int16),
                timestamp: optional(int64, '0+', -1),
                offset: optional(int64, '0+', -1),
                leaderEpoch: optional(int32, '4+', -1),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
