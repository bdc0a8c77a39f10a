import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, string, uuid } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const metadata = declareApi({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexibleVersions: '9+',
  request: {
    topics: field(
      nullable(
        array(
          struct({
            topicId: optional(uuid, '10+'),
            name: field(nullable(string, '10+')),
          }),
        ),
        '1+',
      ),
    ),
    allowAutoTopicCreation: optional(bool, '4+', true),
    includeClusterAuthorizedOperations: optional(bool, '8-10'),
    includeTopicAuthorizedOperations: optional(bool, '8+'),
  },
  response: {
    throttleTimeMs: optional(int32, '3+'),
    brokers: field(
      array(
        struct({
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          rack: optional(nullable(string), '1+', null),
        }),
      ),
    ),
    clusterId: optional(nullable(string), '2+', null),
    controllerId: optional(int32, '1+', -1),
    topics: field(
      array(
        struct({
          errorCode: field(int16),
          name: field(nullable(string, '12+')),
          topicId: optional(uuid, '10+'),
          isInternal: optional(bool, '1+'),
          partitions: field(
            array(
              struct({
                errorCode: field(int16),
                partitionIndex: field(int32),
                leaderId: field(int32),
                leaderEpoch: optional(int32, '7+', -1),
                replicaNodes: field(array(int32)),
                isrNodes: field(array(int32)),
                offlineReplicas: field(array(int32), '5+'),
              }),
            ),
          ),
          topicAuthorizedOperations: optional(int32, '8+', -2147483648),
        }),
      ),
    ),
    clusterAuthorizedOperations: optional(int32, '8-10', -2147483648),
    errorCode: field(int16, '13+'),
  },
});
