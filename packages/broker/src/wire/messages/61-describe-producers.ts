import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeProducers = declareApi({
  key: 61,
  name: 'DescribeProducers',
  versions: '0',
  flexibleVersions: '0+',
  request: {
    topics: field(
      array(
        struct({
          name: field(string),
          partitionIndexes: field(array(int32)),
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
                errorMessage: optional(nullable(string), '0+', null),
                activeProducers: field(
                  array(
                    struct({
                      producerId: field(int64),
                      producerEpoch: field(int32),
                      lastSequence: optional(int32, '0+', -1),
                      lastTimestamp: optional(int64, '0+', -1),
                      coordinatorEpoch: field(int32),
                      currentTxnStartOffset: optional(int64, '0+', -1),
                    }),
                  ),
                ),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
