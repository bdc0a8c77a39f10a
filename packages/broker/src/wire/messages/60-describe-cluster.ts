import { declareApi } from '../api-declaration.ts';
import { nullable } from '../nullable.ts';
import { array, bool, int16, int32, int8, string } from '../primitives.ts';
import { field, optional, struct } from '../struct.ts';

export const describeCluster = declareApi({
  key: 60,
  name: 'DescribeCluster',
  versions: '0-2',
  flexibleVersions: '0+',
  request: {
    includeClusterAuthorizedOperations: optional(bool),
    endpointType: optional(int8, '1+', 1),
    includeFencedBrokers: optional(bool, '2+'),
  },
  response: {
    throttleTimeMs: optional(int32),
    errorCode: field(int16),
    errorMessage: optional(nullable(string), '0+', null),
    endpointType: optional(int8, '1+', 1),
    clusterId: field(string),
    controllerId: optional(int32, '0+', -1),
    brokers: field(
      array(
        struct({
          brokerId: field(int32),
          host: field(string),
          port: field(int32),
          rack: optional(nullable(string), '0+', null),
          isFenced: optional(bool, '2+'),
        }),
      ),
    ),
    clusterAuthorizedOperations: optional(int32, '0+', -2147483648),
  },
});
