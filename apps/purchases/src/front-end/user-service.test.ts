import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { UserService } from '@chat-cluster/contract/purchases';
import { purchases } from '@chat-cluster/purchases';
import { type AskUser, serveUsers } from './user-service.ts';

const ofUser7: AskUser = ({ entityId, question }) => {
  const state = { purchaseCount: 2, totalPrice: 9_007_199_254_740_993n };
  const answered = purchases.answer(state, question, { entityId });
  assert.ok(answered.kind === 'answer');
  return Promise.resolve(answered.bytes);
};

function clientOf(ask: AskUser) {
  return createClient(
    UserService,
    createRouterTransport((router) => serveUsers(router, ask)),
  );
}

test('the answer is what the entity says, exactly', async () => {
  const { id, totalPurchases, totalPrice } = await clientOf(ofUser7).userStats({ id: '7' });
  assert.deepEqual([id, totalPurchases, totalPrice], ['7', 2n, 9_007_199_254_740_993n]);
});

test('an id that no user can have is refused before anybody is asked', async () => {
  const client = clientOf(() => assert.fail('Nobody is asked.'));
  await assert.rejects(client.userStats({ id: '' }), {
    code: Code.InvalidArgument,
    rawMessage: 'The id is empty; it must be that of a user.',
  });
  await assert.rejects(client.userStats({ id: 'é'.repeat(129) }), {
    code: Code.InvalidArgument,
    rawMessage: 'The id has 258 bytes; at most 256 are allowed.',
  });
});

test('why nobody answered is told as it is', async () => {
  const client = clientOf(() => {
    throw new ConnectError('The shard moves. Ask again later.', Code.Unavailable);
  });
  await assert.rejects(client.userStats({ id: '7' }), {
    code: Code.Unavailable,
    rawMessage: 'The shard moves. Ask again later.',
  });
});

test('how long the caller waits is passed on', async () => {
  const timeouts: (number | undefined)[] = [];
  const client = clientOf((question, caller) => {
    timeouts.push(caller.timeoutMs);
    return ofUser7(question, caller);
  });
  await client.userStats({ id: '7' });
  await client.userStats({ id: '7' }, { timeoutMs: 60_000 });
  assert.equal(timeouts[0], undefined);
  assert.ok(timeouts[1]! > 0 && timeouts[1]! <= 60_000);
});
