import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogSource } from './node-log.ts';
import { textLog } from './text-log.ts';

const NODE: LogSource = { kind: 'node', name: '127.0.0.1:2551' };

/** 07:15:02 where the test runs. */
const clock = { wallMs: () => new Date(2026, 0, 31, 7, 15, 2).getTime() };

function logged(source: LogSource, log: (log: ReturnType<typeof textLog>) => void): string[] {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  log(textLog({ source, logLevel: 'info', clock, write }));
  return lines;
}

test('a line has its time, its level where something is not as it should be, and its facts', () => {
  const lines = logged(NODE, (log) => {
    log('info', 'It runs.', { port: 1 });
    log('warn', 'It is slow.');
    log('fatal', 'It ends.', { error: new Error('Why.') });
  });
  assert.deepEqual(lines, [
    '07:15:02 It runs. (port=1)\n',
    '07:15:02 warn: It is slow.\n',
    '07:15:02 fatal: It ends. (error=Why.)\n',
  ]);
});

test('a worker in a process of its own says which it is', () => {
  const worker: LogSource = { kind: 'worker', name: '127.0.0.1:2552' };
  const lines = logged(worker, (log) => {
    log('info', 'It runs.');
    log('error', 'It stopped.');
  });
  assert.deepEqual(lines, [
    '07:15:02 127.0.0.1:2552 It runs.\n',
    '07:15:02 127.0.0.1:2552 error: It stopped.\n',
  ]);
});

test('what is below the level is left out', () => {
  assert.deepEqual(
    logged(NODE, (log) => log('debug', 'It looks.')),
    [],
  );
});

test('what came from outside cannot move the cursor, or look like another line', () => {
  const lines = logged(NODE, (log) => log('info', 'Key', { key: 'a\u001b[2Jb\nc' }));
  assert.deepEqual(lines, ['07:15:02 Key (key=a\\u{1b}[2Jb\n    c)\n']);
});
