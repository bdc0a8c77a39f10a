import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeEngineEvent,
  encodeEngineEvent,
  isEngineEvent,
  parkedRecord,
  unparkedRecord,
  type EngineEvent,
} from './engine-event.ts';

const from = { topic: 'in', topicId: 'id', partition: 4 };

test('a parked record comes back byte for byte, less its headers', () => {
  const bytes = Buffer.from([0, 255, 10, 13, 34]);
  for (const [key, value] of [
    [bytes, null],
    [null, bytes],
    [Buffer.alloc(0), Buffer.alloc(0)],
  ]) {
    const record = {
      offset: 7,
      timestampMs: 5,
      key: key ?? null,
      value: value ?? null,
      headers: [],
    };
    const event: EngineEvent = { $: 'parked', record: parkedRecord(record, from, 5) };
    const decoded = decodeEngineEvent(encodeEngineEvent(event));
    assert.ok(decoded.$ === 'parked');
    assert.deepEqual(unparkedRecord(decoded.record), record);
    assert.deepEqual([decoded.record.topic, decoded.record.partition], ['in', 4]);
  }
});

test('the engine’s events are told from an entity’s by how they begin', () => {
  for (const how of ['retried', 'skipped', 'edited'] as const) {
    assert.ok(isEngineEvent(encodeEngineEvent({ $: 'unparked', how })));
  }
  for (const text of ['', '{', '{"', '{"type":"message"}', ' {"$":1}', '{ "$":1}', '[]']) {
    assert.ok(!isEngineEvent(Buffer.from(text)), text);
  }
});
