import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portConflict } from './port-conflict.ts';

const http = (port: number) => ({ setting: '--http-port', port });
const node = (port: number, workerCount = 1) => ({ setting: '--node-port', port, workerCount });

test('two servers cannot have one port, but any that is free', () => {
  assert.equal(portConflict([node(2551), http(8080)]), undefined);
  assert.equal(portConflict([node(0, 3), http(0)]), undefined);
  assert.equal(
    portConflict([node(8080), http(8080)]),
    '--node-port and --http-port are both 8080; choose another one for one of them.',
  );
});

test('several workers have the ports after that of their node', () => {
  assert.equal(portConflict([node(2551, 3), http(2555)]), undefined);
  assert.equal(portConflict([node(2551, 3), http(2550)]), undefined);
  for (const served of [
    [node(2551, 3), http(2554)],
    [http(2554), node(2551, 3)],
  ]) {
    assert.equal(
      portConflict(served),
      '--http-port is 2554, and other nodes use 2551 to 2554 (--node-port); choose another one for one of them.',
    );
  }
});

test('there must be as many ports as there are workers', () => {
  assert.equal(portConflict([node(65_535)]), undefined);
  assert.equal(portConflict([node(65_532, 3)]), undefined);
  assert.equal(
    portConflict([node(65_533, 3)]),
    '--node-port has port 65533, and there are no 3 ports after it for the workers; choose a lower one.',
  );
});
