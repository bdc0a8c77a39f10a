import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '@chat-cluster/kernel';
import { MemoryPartition } from './memory-partition.ts';
import type { ProducerStamp } from './memory-producers.ts';

function open() {
  const clock = new ManualClock();
  const partition = new MemoryPartition({ clock, isLogAppendTime: false, batchBytesMax: 1_000 });
  const append = (stamp: Partial<ProducerStamp>, count = 1, isTransactional = false): number =>
    partition.append({
      records: Array.from({ length: count }, () => ({ key: null, value: null, headers: [] })),
      stamp: { producerId: 1, epoch: 0, baseSequence: 0, ...stamp },
      isTransactional,
    });
  return { partition, append };
}

describe('a partition of the memory broker', () => {
  test('a batch that is repeated is answered as the first time, and appended once', () => {
    const { partition, append } = open();
    assert.equal(append({ baseSequence: 0 }, 3), 0);
    assert.equal(append({ baseSequence: 3 }, 2), 3);
    assert.equal(append({ baseSequence: 0 }, 3), 0);
    assert.equal(append({ baseSequence: 3 }, 2), 3);
    assert.equal(partition.highWatermark, 5);
  });

  test('a gap in the sequence, or an old one that is forgotten, is refused', () => {
    const { append } = open();
    append({ baseSequence: 0 });
    assert.throws(() => append({ baseSequence: 2 }), { refusal: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    for (let baseSequence = 1; baseSequence <= 5; baseSequence += 1) append({ baseSequence });
    assert.throws(() => append({ baseSequence: 0 }), { refusal: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    assert.equal(append({ baseSequence: 1 }), 1);
  });

  test('a newer epoch begins at sequence 0, and an older one is refused from then on', () => {
    const { partition, append } = open();
    append({ baseSequence: 0 });
    assert.throws(() => append({ epoch: 1, baseSequence: 1 }), {
      refusal: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    });
    append({ epoch: 1, baseSequence: 0 });
    assert.throws(() => append({ baseSequence: 1 }), { refusal: 'INVALID_PRODUCER_EPOCH' });
    partition.writeMarker({ producerId: 1, epoch: 2 }, 'abort');
    assert.throws(() => append({ epoch: 1, baseSequence: 1 }), {
      refusal: 'INVALID_PRODUCER_EPOCH',
    });
  });

  test('the last stable offset is the start of the oldest open transaction', () => {
    const { partition, append } = open();
    append({ producerId: 3 });
    assert.equal(partition.lastStableOffset, 1);
    append({ producerId: 1 }, 2, true);
    append({ producerId: 2 }, 2, true);
    assert.equal(partition.lastStableOffset, 1);
    partition.writeMarker({ producerId: 1, epoch: 0 }, 'commit');
    assert.equal(partition.lastStableOffset, 3);
    partition.writeMarker({ producerId: 2, epoch: 0 }, 'abort');
    assert.equal(partition.lastStableOffset, 7);
    assert.equal(partition.highWatermark, 7);
  });

  test('a marker for a producer that has nothing open here takes no offset', () => {
    const { partition } = open();
    partition.writeMarker({ producerId: 9, epoch: 0 }, 'commit');
    assert.equal(partition.highWatermark, 0);
  });

  test('an answer names the aborted transactions that overlap it, and no others', () => {
    const { partition, append } = open();
    append({ producerId: 1 }, 1, true);
    partition.writeMarker({ producerId: 1, epoch: 0 }, 'abort');
    append({ producerId: 2 }, 1, true);
    append({ producerId: 3 }, 1, true);
    partition.writeMarker({ producerId: 3, epoch: 0 }, 'commit');
    partition.writeMarker({ producerId: 2, epoch: 0 }, 'abort');
    const one = { producerId: 1, firstOffset: 0, lastOffset: 1 };
    const two = { producerId: 2, firstOffset: 2, lastOffset: 5 };
    assert.deepEqual(partition.read(0, 10_000).aborted, [one, two]);
    assert.deepEqual(partition.read(0, 1).aborted, [one]);
    assert.deepEqual(partition.read(2, 10_000).aborted, [two]);
    assert.deepEqual(partition.read(3, 1).aborted, [two]);
    assert.deepEqual(partition.read(6, 10_000).aborted, []);
  });

  test('what was appended is a copy: its sender may use its buffers again', () => {
    const { partition } = open();
    const bytes = Uint8Array.from([1, 2, 3]);
    const record = { key: bytes, value: bytes, headers: [{ key: 'h', value: bytes }] };
    const stamp = { producerId: 1, epoch: 0, baseSequence: 0 };
    partition.append({ records: [record], stamp, isTransactional: false });
    bytes.fill(9);
    const [stored] = partition.read(0, 1).batches[0]!.records;
    assert.deepEqual([...stored!.key!], [1, 2, 3]);
    assert.deepEqual([...stored!.value!], [1, 2, 3]);
    assert.deepEqual([...stored!.headers[0]!.value], [1, 2, 3]);
  });
});
