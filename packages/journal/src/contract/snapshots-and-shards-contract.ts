import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  freshType,
  snapshotOf,
  plainSnapshot,
  placeShard,
  readPosition,
  type Subject,
} from './fixture-contract.ts';

export function snapshotTests(journal: Subject): void {
  test('of two snapshots the one with the higher seq stays, whichever comes last', async () => {
    const entityType = freshType();
    const seqRead = async (): Promise<number | undefined> =>
      (await journal().readSnapshots(entityType, ['a']))[0]?.seq;
    assert.equal(await seqRead(), undefined);
    for (const [seq, seqExpected] of [
      [0, 0],
      [500, 500],
      [499, 500],
      [0, 500],
      [500, 500],
      [501, 501],
    ] as const) {
      await journal().writeSnapshots(entityType, [snapshotOf('a', seq)]);
      assert.equal(await seqRead(), seqExpected);
    }
    const [read] = await journal().readSnapshots(entityType, ['a']);
    assert.deepEqual(plainSnapshot(read), plainSnapshot(snapshotOf('a', 501)));
  });

  test('an empty state, and one that is no text, come back as they are', async () => {
    const entityType = freshType();
    const binary = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await journal().writeSnapshots(entityType, [
      { entityId: 'empty', seq: 1, state: new Uint8Array(0) },
      { entityId: 'binary', seq: 2, state: binary },
    ]);
    const read = await journal().readSnapshots(entityType, ['empty', 'binary']);
    assert.deepEqual(
      read.map((snapshot) => snapshot && [...snapshot.state]),
      [[], [...binary]],
    );
  });
}

export function shardTests(journal: Subject): void {
  test('the first partition count stays pinned, for all journals', async () => {
    const entityType = freshType();
    assert.equal(await journal().pinPartitionCount(entityType, 12), 12);
    assert.equal(await journal().pinPartitionCount(entityType, 24), 12);
    assert.equal(await journal().pinPartitionCount(entityType, 3), 12);
    assert.equal(await journal().pinPartitionCount(freshType(), 3), 3);
  });

  test('a shard that was never placed is unknown, one placed starts at position 0', async () => {
    const entityType = freshType();
    await placeShard(journal(), entityType, 3);
    const shards = await journal().readShards(entityType, [2, 3, 0, 3]);
    const placed = {
      shard: 3,
      eventTopicId: 'events-3',
      inputTopicIds: { in: 'in-3' },
      position: { offset: 0, eventNumber: 0 },
    };
    assert.deepEqual(shards, [undefined, placed, undefined, placed]);
  });

  test('placing again adds input topics, and changes neither ids nor the position', async () => {
    const entityType = freshType();
    await placeShard(journal(), entityType, 1);
    const position = { offset: 40, eventNumber: 30 };
    await journal().append({ entityType, rows: [], positions: [{ shard: 1, ...position }] });
    await placeShard(journal(), entityType, 1);
    await journal().placeShard(entityType, {
      shard: 1,
      eventTopicId: 'another',
      inputTopicIds: { in: 'another', control: 'control-1' },
    });
    const [shard] = await journal().readShards(entityType, [1]);
    assert.deepEqual(shard, {
      shard: 1,
      eventTopicId: 'events-1',
      inputTopicIds: { in: 'in-1', control: 'control-1' },
      position,
    });
  });

  test('a position with a lower event number loses, whichever comes last', async () => {
    const entityType = freshType();
    await placeShard(journal(), entityType, 0);
    await placeShard(journal(), entityType, 1);
    for (const [offset, eventNumber, expected] of [
      [12, 10, { offset: 12, eventNumber: 10 }],
      [9, 8, { offset: 12, eventNumber: 10 }],
      [1_000, 9, { offset: 12, eventNumber: 10 }],
      [15, 10, { offset: 15, eventNumber: 10 }],
      [13, 10, { offset: 15, eventNumber: 10 }],
      [300, 11, { offset: 300, eventNumber: 11 }],
    ] as const) {
      const positions = [{ shard: 0, offset, eventNumber }];
      await journal().append({ entityType, rows: [], positions });
      assert.deepEqual(await readPosition(journal(), entityType, 0), expected);
    }
    const untouched = await readPosition(journal(), entityType, 1);
    assert.deepEqual(untouched, { offset: 0, eventNumber: 0 });
  });
}
