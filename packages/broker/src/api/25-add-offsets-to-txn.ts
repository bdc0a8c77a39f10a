/** AddOffsetsToTxn, versions 0 to 4. Waits like AddPartitionsToTxn while the transaction before ends. */
import { ErrorCode } from '../wire/error-codes.ts';
import { addOffsetsToTxn } from '../wire/messages/25-add-offsets-to-txn.ts';
import { fencedCode } from './fenced-code.ts';
import { on } from './handler.ts';

export const addOffsetsToTxnHandler = on(addOffsetsToTxn, async (request, { broker, version }) => {
  const { groupId, ...producer } = request;
  if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID };
  const errorCode = await broker.transactions.addGroup(producer, groupId);
  return { errorCode: fencedCode(errorCode, version >= 2) };
});
