import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fetcher, TopicPartition } from '@chat-cluster/log';
import { EngineHarness } from '../engine-harness.ts';
import { defaultEngineLimits } from '../engine-limits.ts';
import { InputQueue } from './input-queue.ts';
import { Intake } from './intake.ts';

const from = { topic: 'in', topicId: 'id', partition: 0 };
const QUEUE_BYTES_MAX = 100_000;

/** An intake of one input whose fetcher notes what it is told. */
function newIntake() {
  const calls: string[] = [];
  const note =
    (name: string) =>
    ({ topic }: TopicPartition, position?: number): void => {
      calls.push([name, topic, position].filter((part) => part !== undefined).join(' '));
    };
  const fetcher: Fetcher = {
    add: note('add'),
    remove: note('remove'),
    pause: note('pause'),
    resume: note('resume'),
    close: () => Promise.resolve(),
  };
  const limits = { ...defaultEngineLimits, intakeBytesMax: QUEUE_BYTES_MAX };
  return { calls, intake: new Intake(fetcher, limits, 1), queue: new InputQueue(from, 7) };
}

function fill(queue: InputQueue, recordCount: number): void {
  const records = Array.from({ length: recordCount }, (_, index) => ({
    offset: index,
    timestampMs: 0,
    key: null,
    value: Buffer.alloc(9_850),
    headers: [],
  }));
  queue.push({ ...from, records, offsetNext: 100, highWatermark: 100, sizeBytes: 0 });
}

test('fetching begins where the queue stands, and ends with its shard', () => {
  const { calls, intake, queue } = newIntake();
  intake.add([queue]);
  intake.remove([queue]);
  assert.deepEqual(calls, ['add in 7', 'remove in']);
});

test('a queue over its share is paused once, and resumed once half of it is decided', () => {
  const { calls, intake, queue } = newIntake();
  fill(queue, 10);
  intake.balance([queue]);
  assert.deepEqual(calls, []);
  fill(queue, 1);
  intake.balance([queue]);
  intake.balance([queue]);
  assert.deepEqual(calls, ['pause in']);
  for (let index = 0; index < 5; index++) queue.advance();
  intake.balance([queue]);
  assert.deepEqual(calls, ['pause in']);
  queue.advance();
  intake.balance([queue]);
  assert.deepEqual(calls, ['pause in', 'resume in']);
});

test('an input of which every record waits for history is fetched on', async () => {
  const limits = { intakeBytesMax: 1 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const key = Buffer.from('x');
  const value = Buffer.from(JSON.stringify({ id: 'x', sumOfLast: 1, filler: 'x'.repeat(1_000) }));
  const asks = Array.from({ length: 500 }, () => ({ key, value, headers: [] }));
  for (let count = 0; count < 3; count++) await harness.send('ask', 'x', asks);
  await harness.untilCount('answers', 1_500);
});
