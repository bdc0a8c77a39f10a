import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAssignmentData, encodeAssignmentData, packMap } from './assignment-data.ts';

const NOTHING = { revoking: [], map: undefined };

function mapOf(memberCount: number, shardCount: number) {
  return {
    members: Array.from({ length: memberCount }, (_, index) => ({
      name: `node-${index >> 2}.cluster.example-${index % 4}`,
      endpoint: `node-${index >> 2}.cluster.example:8551`,
      memberId: `chat-node-${crypto.randomUUID()}`,
      claimGenerationId: 17,
    })),
    owners: Array.from({ length: shardCount }, (_, shard) => (shard * 7_919) % memberCount),
    told: { knownGenerationId: 16, waitsMs: Array.from({ length: shardCount }, () => 0) },
  };
}

test('what a leader tells comes back', () => {
  const map = mapOf(3, 10);
  const bytes = encodeAssignmentData([1, 5], packMap(map, 3));
  assert.deepEqual(decodeAssignmentData(bytes), { revoking: [1, 5], map });
  const unowned = { ...mapOf(0, 0), owners: [-1, -1] };
  const none = encodeAssignmentData([], packMap(unowned, 1));
  assert.deepEqual(decodeAssignmentData(none), { revoking: [], map: unowned });
});

test('bytes of another version, cut bytes and any others say nothing', () => {
  const bytes = encodeAssignmentData([], packMap(mapOf(3, 10), 3));
  for (const text of ['', 'x', 'null', '{"revoking":[1]}', '\u0001', '\u0001\0\0\0\u0009[3']) {
    assert.deepEqual(decodeAssignmentData(Buffer.from(text)), NOTHING, JSON.stringify(text));
  }
  assert.deepEqual(decodeAssignmentData(Buffer.from([2, ...bytes.subarray(1)])), NOTHING);
  for (let end = 0; end < bytes.byteLength - 2; end++) {
    assert.deepEqual(decodeAssignmentData(bytes.subarray(0, end)), NOTHING);
  }
});

test('a map that names owners that it does not have is none', () => {
  for (const owners of [[0, 1], [-2], [0.5]]) {
    const bytes = encodeAssignmentData([7], packMap({ ...mapOf(1, 1), owners }, 1));
    assert.deepEqual(decodeAssignmentData(bytes), { revoking: [7], map: undefined });
  }
});

test('the maps of 64 workers and 1,000 partitions take less than a quarter of what the coordinator can keep', () => {
  const packed = packMap(mapOf(64, 1_000), 64);
  assert.ok(packed.byteLength > 0);
  assert.ok(64 * packed.byteLength < 1_048_588 / 4, `${packed.byteLength} bytes each`);
});

test('maps that would be too large in all are left out, and what is to be given up is told all the same', () => {
  const packed = packMap(mapOf(300, 10_000), 300);
  assert.equal(packed.byteLength, 0);
  assert.deepEqual(decodeAssignmentData(encodeAssignmentData([3], packed)), {
    revoking: [3],
    map: undefined,
  });
});
