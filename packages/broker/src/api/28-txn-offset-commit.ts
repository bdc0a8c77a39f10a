/**
 * TxnOffsetCommit, versions 0 to 4.
 *
 * Taken only from the producer whose transaction is open and has the group, and, if the request names a member or a
 * generation, only from the group's present generation. Answers when the staged offsets are durable.
 */
import { txnOffsetCommit } from '../wire/messages/28-txn-offset-commit.ts';
import { committedTopics, offsetsOf } from './committed-partitions.ts';
import { fencedCode } from './fenced-code.ts';
import { on } from './handler.ts';

export const txnOffsetCommitHandler = on(txnOffsetCommit, async (request, { broker }) => {
  const { topics, ...sender } = request;
  const result = await broker.transactions.commitOffsets({ ...sender, offsets: offsetsOf(topics) });
  const told = typeof result === 'number' ? fencedCode(result, false) : result;
  return { topics: committedTopics(topics, told) };
});
