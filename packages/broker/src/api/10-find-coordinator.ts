/**
 * FindCoordinator, versions 0 to 6; several keys from version 4 on.
 *
 * This broker coordinates every group and every transaction. Share groups (key type 2) are not supported.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { findCoordinator } from '../wire/messages/10-find-coordinator.ts';
import { on, type RequestContext } from './handler.ts';

const GROUP_KEY = 0;
const TRANSACTION_KEY = 1;

export const findCoordinatorHandler = on(findCoordinator, (request, context) => {
  const { keyType, coordinatorKeys } = request;
  const found = coordinatorFor(keyType, context);
  if (context.version < 4) return found;
  return {
    coordinators: coordinatorKeys.map((coordinatorKey) => ({ key: coordinatorKey, ...found })),
  };
});

function coordinatorFor(keyType: number, { broker, connection }: RequestContext) {
  if (keyType !== GROUP_KEY && keyType !== TRANSACTION_KEY) {
    const errorMessage = 'This broker coordinates groups (0) and transactions (1) only.';
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage, nodeId: -1, host: '', port: -1 };
  }
  const { host, port } = connection.advertised;
  return { errorCode: ErrorCode.NONE, errorMessage: null, nodeId: broker.nodeId, host, port };
}
