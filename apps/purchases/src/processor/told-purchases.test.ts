import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purchases } from '@chat-cluster/purchases';
import { LineWriter } from './line-writer.ts';
import { toldPurchases } from './told-purchases.ts';

const bought = { userId: '25', product: 'cat t-shirt', quantity: 3, price: 2080 };

test('a record and its purchase are told word for word, the purchase once it has committed', () => {
  const lines: string[] = [];
  const { definition, onReply } = toldPurchases((line) => lines.push(line));
  const decision = definition.decide(purchases.initialState(), bought);
  assert.deepEqual(lines, ['Forwarding message for entity 25 to cluster sharding']);
  assert.ok(decision.kind === 'decided' && 'reply' in decision);
  onReply?.({}, decision.reply);
  assert.deepEqual(lines.slice(1), ['user 25 purchase cat t-shirt, quantity 3, price 2080']);
});

test('who wants no lines runs the rules as they are', () => {
  assert.deepEqual(toldPurchases(undefined), { definition: purchases });
  assert.equal(toldPurchases(undefined).definition.decide, purchases.decide);
});

test('what is decided is what the rules decide', () => {
  const { definition } = toldPurchases(() => undefined);
  const plain = purchases.decide(purchases.initialState(), bought);
  assert.deepEqual(definition.decide(purchases.initialState(), bought), {
    ...plain,
    reply: bought,
  });
  const full = { purchaseCount: 1, totalPrice: 2n ** 63n - 1n };
  assert.deepEqual(definition.decide(full, bought), purchases.decide(full, bought));
});

test('a name from outside stays on its line and moves no cursor', () => {
  const lines: string[] = [];
  const { onReply } = toldPurchases((line) => lines.push(line));
  onReply?.({}, { ...bought, product: 'a\nuser 1 purchase b\u001b[2J' });
  assert.deepEqual(lines, [
    'user 25 purchase a user 1 purchase b\\u{1b}[2J, quantity 3, price 2080',
  ]);
});

test('lines of one turn are one write', async () => {
  const writes: string[] = [];
  const writer = new LineWriter((text) => writes.push(text));
  writer.print('one');
  writer.print('two');
  await new Promise(setImmediate);
  writer.print('three');
  writer.flush();
  await new Promise(setImmediate);
  assert.deepEqual(writes, ['one\ntwo\n', 'three\n']);
  writer.print('x'.repeat(70_000));
  assert.equal(writes.length, 3);
});
