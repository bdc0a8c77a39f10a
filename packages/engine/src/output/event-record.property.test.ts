import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FetchedRecord, OutgoingRecord } from '@chat-cluster/log';
import { decodeEventRecord, EventRecord, type TailEvent } from './event-record.ts';

/** As the record comes back from the log: headers are bytes there. */
function fetched(record: OutgoingRecord, offset: number): FetchedRecord {
  const headers = record.headers.map(({ key, value }) => ({ key, value: Buffer.from(value) }));
  return { key: record.key, value: record.value, headers, offset, timestampMs: 0 };
}

const entityIds = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }).filter((id) => id.isWellFormed()),
  fc.constantFrom('\uFEFF', '\uFEFFx', '\u0000', 'a\nb'),
);
const timesMs = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 2 ** 62, 2 ** 63 - 1_024, -(2 ** 63)),
);
const naturals = fc.maxSafeNat();
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

test('the next owner of a shard reads each event as it was decided', () => {
  fc.assert(
    fc.property(
      record({
        entityId: entityIds,
        seq: naturals,
        event: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        timestampMs: timesMs,
        source: record({ topicId: fc.uuid(), partition: naturals, offset: naturals }),
        eventNumber: naturals,
        offset: naturals,
      }),
      (event: TailEvent) => {
        const encoded = new EventRecord(event, Buffer.from(event.entityId));
        assert.deepEqual(decodeEventRecord(fetched(encoded, event.offset)), event);
      },
    ),
  );
});

test('a record that lacks something of an event is none', () => {
  const event = {
    entityId: 'x',
    seq: 3,
    event: Buffer.from('{}'),
    timestampMs: 7,
    source: { topicId: 'id', partition: 1, offset: 2 },
    eventNumber: 9,
    offset: 0,
  };
  const whole = fetched(new EventRecord(event, Buffer.from('x')), 0);
  assert.equal(decodeEventRecord({ ...whole, key: null }), undefined);
  assert.equal(decodeEventRecord({ ...whole, value: null }), undefined);
  for (const { key } of whole.headers) {
    const headers = whole.headers.filter((header) => header.key !== key);
    assert.equal(decodeEventRecord({ ...whole, headers }), undefined, key);
  }
});
