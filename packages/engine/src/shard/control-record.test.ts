import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readControl, retryRecordValue } from './control-record.ts';

function read(value: unknown) {
  const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
  return readControl({ offset: 0, timestampMs: 0, key: null, value: bytes, headers: [] });
}

const position = { topicId: 'id', partition: 1, offset: 2 };

test('each command is read with what it needs', () => {
  const commands = [{ action: 'retry' }, { action: 'skip', position }];
  for (const command of commands) {
    const expected = { ok: true, entityId: 'x', command };
    assert.deepEqual(read({ entityId: 'x', ...command }), expected);
  }
  const edit = { entityId: 'x', action: 'edit', position };
  const edits = [
    { given: { value: '{}' }, bytes: [0x7b, 0x7d] },
    { given: { valueBase64: '/wA=' }, bytes: [0xff, 0x00] },
    { given: { valueBase64: '' }, bytes: [] },
  ];
  for (const { bytes, given } of edits) {
    const result = read({ ...edit, ...given });
    assert.ok(result.ok && result.command.action === 'edit', JSON.stringify(given));
    assert.deepEqual(result.command.position, position);
    assert.deepEqual([...result.command.value], bytes);
  }
  const retry = read(Buffer.from(retryRecordValue('x')).toString());
  assert.deepEqual(retry, { ok: true, entityId: 'x', command: { action: 'retry' } });
});

test('what is no command is refused with a sentence', () => {
  const wrong = [
    'not JSON',
    'null',
    [],
    {},
    { entityId: 1, action: 'retry' },
    { entityId: 'x' },
    { entityId: 'x', action: 'delete' },
    { entityId: 'x', action: 'skip' },
    { entityId: 'x', action: 'skip', position: { ...position, offset: '2' } },
    { entityId: 'x', action: 'skip', position: 'there' },
    { entityId: 'x', action: 'edit', position },
    { entityId: 'x', action: 'edit', position, value: {} },
    { entityId: 'x', action: 'edit', position, valueBase64: 'no base64!' },
    { entityId: 'x', action: 'edit', position, valueBase64: 7 },
  ];
  for (const value of wrong) {
    const result = read(value);
    assert.ok(!result.ok && result.code === 'invalid-control', JSON.stringify(value));
    assert.match(result.reason, /\w+ .*\./);
  }
  const empty = readControl({ offset: 0, timestampMs: 0, key: null, value: null, headers: [] });
  assert.ok(!empty.ok);
});
