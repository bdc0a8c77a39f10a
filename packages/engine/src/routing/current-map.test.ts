import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CurrentMap } from './current-map.ts';

test('an assignment without a map leaves the last one, and another member', () => {
  const current = new CurrentMap();
  const told: number[] = [];
  current.onMap(({ generationId }) => told.push(generationId));
  current.tell();
  assert.deepEqual([current.map, current.memberId, told], [undefined, undefined, []]);
  const member = { name: 'a', endpoint: 'a:1', memberId: 'm', claimGenerationId: 3 };
  const waits = { knownGenerationId: 3, waitsMs: [0] };
  current.take({ generationId: 4, memberId: 'm' }, { members: [member], owners: [0], told: waits });
  const map = {
    generationId: 4,
    members: [{ name: 'a', endpoint: 'a:1', memberId: 'm' }],
    owners: [0],
  };
  assert.deepEqual(current.map, map);
  current.take({ generationId: 5, memberId: 'n' }, undefined);
  current.tell();
  assert.deepEqual([current.map, current.memberId, told], [map, 'n', [4]]);
});
