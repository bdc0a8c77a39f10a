import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { deleteShape, readShape, shapeFor, writeShape } from './shape.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'shape-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('a folder keeps the cluster id it was given', () => {
  const shape = shapeFor({ dir, kind: 'kafka', nodeCount: 3, port: 9092 });
  writeShape(dir, 'kafka', shape);
  assert.deepEqual(shapeFor({ dir, kind: 'kafka', nodeCount: 3, port: 9092 }), shape);
  assert.deepEqual(readShape(dir, 'kafka'), shape);
});

it('a cluster id is 16 bytes in base64url', () => {
  const { clusterId } = shapeFor({ dir, kind: 'kafka', nodeCount: 1, port: 9092 });
  assert.equal(Buffer.from(clusterId, 'base64url').length, 16);
  assert.match(clusterId, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
});

for (const other of [
  { nodeCount: 3, port: 9092 },
  { nodeCount: 1, port: 9192 },
]) {
  it(`a folder of 1 node at 9092 refuses ${other.nodeCount} at ${other.port}`, () => {
    writeShape(dir, 'kafka', shapeFor({ dir, kind: 'kafka', nodeCount: 1, port: 9092 }));
    assert.throws(() => shapeFor({ dir, kind: 'kafka', ...other }), { code: 'other-shape' });
  });
}

it('deleting Kafka from a folder leaves Cassandra there', () => {
  const shape = shapeFor({ dir, kind: 'kafka', nodeCount: 1, port: 9092 });
  writeShape(dir, 'kafka', shape);
  mkdirSync(join(dir, 'kafka-1'));
  mkdirSync(join(dir, 'cassandra-1'));
  deleteShape(dir, 'kafka', shape);
  assert.equal(readShape(dir, 'kafka'), undefined);
  assert.equal(existsSync(join(dir, 'kafka-1')), false);
  assert.equal(existsSync(join(dir, 'cassandra-1')), true);
});
