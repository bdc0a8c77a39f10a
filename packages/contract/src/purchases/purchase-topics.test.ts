import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purchasesTopics, userProcessingEvents } from './purchase-topics.ts';

test('the topics of the purchases have the names, rules and configurations of their kinds', () => {
  assert.deepEqual(
    purchasesTopics.map(({ name, partitionRule, configs }) => [
      name,
      partitionRule,
      configs['cleanup.policy'],
      configs['message.timestamp.type'],
    ]),
    [
      ['user-events', 'shard', 'delete', 'CreateTime'],
      ['user-processing_events', 'shard', 'delete', 'LogAppendTime'],
      ['user-processing_control', 'shard', 'delete', 'CreateTime'],
      ['user-processing_quarantine', 'home', 'compact', 'LogAppendTime'],
      ['user-events-dead-letter', 'any', 'delete', 'LogAppendTime'],
    ],
  );
  assert.equal(userProcessingEvents.configs['retention.bytes'], '-1');
});

test('an event has exactly the bytes of the contract, and other types are refused', () => {
  const event = { type: 'purchase', product: 'cat "t-shirt"', quantity: 3, price: 2080 } as const;
  const bytes = userProcessingEvents.encode(event);
  assert.equal(
    Buffer.from(bytes).toString(),
    '{"type":"purchase","product":"cat \\"t-shirt\\"","quantity":3,"price":2080}',
  );
  assert.deepEqual(userProcessingEvents.decode(bytes), { ok: true, value: event });
  assert.deepEqual(userProcessingEvents.decode(Buffer.from('{"type":"refund"}')), {
    ok: false,
    code: 'out-of-range',
    reason: 'type is the text "refund"; it must be one of purchase.',
  });
});
