/**
 * EndTxn, versions 0 to 4 (5 belongs to transactions version 2).
 *
 * Answers when decision and markers are durable: the next read_committed fetch sees the transaction, and the next one may begin.
 */
import { endTxn } from '../wire/messages/26-end-txn.ts';
import { fencedCode } from './fenced-code.ts';
import { on } from './handler.ts';

export const endTxnHandler = on(endTxn, async ({ committed, ...producer }, { broker, version }) => {
  const errorCode = await broker.transactions.end(producer, committed ? 'commit' : 'abort');
  return { errorCode: fencedCode(errorCode, version >= 2) };
});
