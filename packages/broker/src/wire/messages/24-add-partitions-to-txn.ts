import { declareApi } from '../api-declaration.ts';
import { array, int16, int32, int64, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const addPartitionsToTxn = declareApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: '0-3',
  flexibleVersions: '3+',
  request: {
    v3AndBelowTransactionalId: field(string),
    v3AndBelowProducerId: field(int64),
    v3AndBelowProducerEpoch: field(int16),
    v3AndBelowTopics: field(
      array(
        struct({
          name: field(string),
          partitions: field(array(int32)),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: optional(int32),
    resultsByTopicV3AndBelow: field(
      array(
        struct({
          name: field(string),
          resultsByPartition: field(
            array(
              struct({
                partitionIndex: field(int32),
                partitionErrorCode: field(int16),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
