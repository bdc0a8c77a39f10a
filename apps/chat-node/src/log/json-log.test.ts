import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLog } from './json-log.ts';

test('an error keeps its message and its stack', () => {
  let line = '';
  const source = { kind: 'node', name: 'n' } as const;
  const log = jsonLog({ source, logLevel: 'info' }, { write: (text) => (line += text) });
  log('debug', 'It looks.');
  log('warn', 'It failed.', { error: new Error('Why.'), cause: 'text', topic: 'in' });
  const { error, cause, level, msg, node, topic } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual(
    { cause, level, msg, node, topic },
    {
      cause: 'text',
      level: 40,
      msg: 'It failed.',
      node: 'n',
      topic: 'in',
    },
  );
  const { message, stack } = error as Record<string, unknown>;
  assert.equal(message, 'Why.');
  assert.match(String(stack), /json-log\.test\.ts/);
});
