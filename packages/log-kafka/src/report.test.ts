import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@chat-cluster/kernel';
import { type KafkaLogEvent, withoutRepeats } from './report.ts';

test('the same message is told once in five seconds, others at once', () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const report = withoutRepeats(({ message }) => told.push(message), clock);
  const tell = (message: string): void => {
    const event: KafkaLogEvent = { kind: 'connection-failed', message };
    report(event);
  };
  for (let time = 0; time < 11; time += 1) {
    tell('one');
    tell(`at ${time}`);
    clock.advance(1_000);
  }
  assert.equal(told.filter((message) => message === 'one').length, 3);
  assert.equal(told.length, 3 + 11);
});

test('a message that was forgotten among many is told again', () => {
  const told: string[] = [];
  const report = withoutRepeats(({ message }) => told.push(message), new ManualClock());
  for (let number = 0; number <= 1_000; number += 1) {
    report({ kind: 'fetch-retried', message: `${number}` });
  }
  report({ kind: 'fetch-retried', message: '0' });
  report({ kind: 'fetch-retried', message: '1000' });
  assert.deepEqual(told.slice(-2), ['1000', '0']);
});
