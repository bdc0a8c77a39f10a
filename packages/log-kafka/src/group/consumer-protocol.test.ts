import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from './consumer-protocol.ts';

const topics = ['requests', 'messages'];

test('a subscription comes back as it was sent', () => {
  const subscription = {
    userData: Buffer.from([0, 255, 3]),
    ownedPartitions: [0, 4, 11],
    ownedGenerationId: 7,
  };
  assert.deepEqual(readSubscription(writeSubscription(subscription, topics)), subscription);
});

test('an assignment comes back as it was sent', () => {
  const assignment = { partitions: [2, 3], userData: Buffer.from('anything') };
  assert.deepEqual(readAssignment(writeAssignment(assignment, topics)), assignment);
  const nothing = { partitions: [], userData: Buffer.alloc(0) };
  assert.deepEqual(readAssignment(writeAssignment(nothing, topics)), nothing);
});

test('an assignment names the partitions in every topic, in the bytes that Kafka’s tools read', () => {
  const bytes = writeAssignment({ partitions: [1], userData: Buffer.from('u') }, topics);
  const expected = [
    ...[0, 2], // version
    ...[0, 0, 0, 2], // two topics, sorted by name
    ...[0, 8, ...Buffer.from('messages'), 0, 0, 0, 1, 0, 0, 0, 1],
    ...[0, 8, ...Buffer.from('requests'), 0, 0, 0, 1, 0, 0, 0, 1],
    ...[0, 0, 0, 1, ...Buffer.from('u')],
  ];
  assert.deepEqual([...bytes], expected);
});

test('empty bytes, which a group that is not stable gives, say nothing', () => {
  assert.deepEqual(readAssignment(new Uint8Array(0)).partitions, []);
  assert.equal(readSubscription(new Uint8Array(0)).ownedGenerationId, -1);
});
