import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, int16, int32, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const listPartitionReassignments = declareApi({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: '0',
  flexibleVersions: '0+',
  request: {
    timeoutMs: optional(int32, '0+', 60000),
    topics: optional(
      nullable(
        array(
          struct({
            name: field(string),
            partitionIndexes: field(array(int32)),
          }),
        ),
      ),
      '0+',
      null,
    ),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
    errorMessage: field(nullable(string)),
    topics: field(
      array(
        struct({
          name: field(string),
          partitions: field(
            array(
              struct({
                partitionIndex: field(int32),
                replicas: field(array(int32)),
                addingReplicas: field(array(int32)),
                removingReplicas: field(array(int32)),
              }),
            ),
          ),
        }),
      ),
    ),
  },
});
