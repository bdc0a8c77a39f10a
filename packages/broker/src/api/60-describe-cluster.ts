/** DescribeCluster, versions 0 to 2. One broker, which is also what controllers are asked for. */
import { ErrorCode } from '../wire/error-codes.ts';
import { describeCluster } from '../wire/messages/60-describe-cluster.ts';
import { on } from './handler.ts';
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './operations.ts';

const BROKERS = 1;

export const describeClusterHandler = on(describeCluster, (request, { broker, connection }) => {
  const { host, port } = connection.advertised;
  const isAboutBrokers = request.endpointType === BROKERS;
  return {
    errorCode: isAboutBrokers ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST,
    errorMessage: isAboutBrokers ? null : 'This broker has no controller listener.',
    endpointType: request.endpointType,
    clusterId: broker.clusterId,
    controllerId: broker.nodeId,
    brokers: isAboutBrokers
      ? [{ brokerId: broker.nodeId, host, port, rack: null, isFenced: false }]
      : [],
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? CLUSTER_OPERATIONS
      : OPERATIONS_NOT_ASKED,
  };
});
