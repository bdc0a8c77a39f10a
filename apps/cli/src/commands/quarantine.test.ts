import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  type ConversationControl,
  conversationControl,
  type ConversationQuarantine,
  conversationQuarantine,
} from '@chat-cluster/contract';
import { homePartition } from '@chat-cluster/log';
import { CliHarness } from '../cli-harness.ts';

let harness: CliHarness;
beforeEach(() => {
  harness = new CliHarness();
});
afterEach(() => harness.close());

const position = { topicId: 'Zm9v', partition: 1, offset: 17 };
const quarantined: ConversationQuarantine = {
  entityId: 'abc123',
  sinceMs: 1_700_000_000_000,
  reason: 'It threw.',
  parkedCount: 3,
  parked: [
    { topic: 'instant_message_in', ...position, valuePreview: '{"conversationKey"' },
    { topic: 'instant_message_in', ...position, offset: 18, valuePreview: null },
  ],
};

function write(key: string, quarantine: ConversationQuarantine | null): Promise<number> {
  const partition = homePartition(Buffer.from(key), harness.partitionCount);
  const value = quarantine && conversationQuarantine.encode(quarantine);
  return harness.write({ topic: conversationQuarantine.name, partition }, { key, value });
}

/** A node that does as the control records say, and writes what comes of it. */
async function startNode(outcome: ConversationQuarantine | null): Promise<ConversationControl[]> {
  const seen: ConversationControl[] = [];
  await harness.onRecord(conversationControl.name, ({ key, value }, partition) => {
    const decoded = conversationControl.decode(value);
    assert.ok(decoded.ok);
    assert.equal(partition, homePartition(key!, harness.partitionCount));
    seen.push(decoded.value);
    void write('other', null).then(() => write('abc123', outcome));
  });
  return seen;
}

test('list shows who is quarantined now, longest first', async () => {
  await write('released', { ...quarantined, entityId: 'released' });
  await write('abc123', { ...quarantined, reason: 'Replaced.' });
  await write('older', { ...quarantined, entityId: 'older', sinceMs: 0 });
  await write('released', null);
  await write('abc123', quarantined);
  const { exitCode, printed } = await harness.run(['quarantine', 'list']);
  assert.equal(exitCode, 0);
  assert.deepEqual(printed, [
    'older  since 1970-01-01 00:00:00 UTC  3 parked  It threw.',
    'abc123  since 2023-11-14 22:13:20 UTC  3 parked  It threw.',
  ]);
  const { printed: lines } = await harness.run(['quarantine', 'list', '--json']);
  assert.deepEqual(JSON.parse(lines[1]!), quarantined);
});

test('list says when nobody is', async () => {
  const { exitCode, notes } = await harness.run(['quarantine', 'list']);
  assert.deepEqual([exitCode, notes], [0, ['No conversation is quarantined.']]);
});

test('show prints what is parked', async () => {
  await write('abc123', quarantined);
  const { printed } = await harness.run(['quarantine', 'show', 'abc123']);
  assert.deepEqual(printed, [
    'abc123  since 2023-11-14 22:13:20 UTC',
    '    It threw.',
    'instant_message_in 1:17  {"conversationKey"',
    'instant_message_in 1:18  (no value)',
    'and 1 more',
  ]);
});

test('nothing is sent for a conversation that is not quarantined', async () => {
  const seen = await startNode(null);
  for (const verb of ['show', 'retry', 'skip']) {
    assert.deepEqual(await harness.run(['quarantine', verb, 'abc123']), {
      exitCode: 1,
      printed: [],
      notes: [
        'Conversation abc123 is not quarantined: chatcluster quarantine list shows which are.',
      ],
    });
  }
  assert.deepEqual(seen, []);
});

test('retry, skip and edit say which record they mean, and wait until it is done', async () => {
  const value = '{"conversationKey":"abc123","sender":"bob","recipients":[],"body":"x"}';
  const seen = await startNode(null);
  for (const args of [['retry'], ['skip'], ['edit', value]]) {
    await write('abc123', quarantined);
    const [verb, ...rest] = args;
    assert.deepEqual(await harness.run(['quarantine', verb!, 'abc123', ...rest]), {
      exitCode: 0,
      printed: ['abc123 is released: all its parked records are done with.'],
      notes: [],
    });
  }
  assert.deepEqual(seen, [
    { entityId: 'abc123', action: 'retry' },
    { entityId: 'abc123', action: 'skip', position },
    { entityId: 'abc123', action: 'edit', position, value },
  ]);
});

test('a conversation that fails again is still quarantined', async () => {
  await write('abc123', quarantined);
  await startNode({ ...quarantined, reason: 'It threw again.', parkedCount: 2 });
  assert.deepEqual(await harness.run(['quarantine', 'skip', 'abc123']), {
    exitCode: 1,
    printed: ['abc123 fails on its next record (2 parked): It threw again.'],
    notes: ['abc123 is still quarantined.'],
  });
  const { printed } = await harness.run(['quarantine', 'skip', 'abc123', '--json']);
  assert.deepEqual(printed, [
    '{"entityId":"abc123","released":false,"reason":"It threw again.","parkedCount":2}',
  ]);
});

test('an edit that could only become a dead letter is refused', async () => {
  await write('abc123', quarantined);
  const seen = await startNode(null);
  const edit = (value: string) => harness.run(['quarantine', 'edit', 'abc123', value]);
  const other = '{"conversationKey":"other","sender":"bob","recipients":[],"body":"x"}';
  for (const [value, sentence] of [
    ['{}', 'conversationKey is missing; it must be a text. (instant_message_in)'],
    [other, 'conversationKey must stay "abc123".'],
  ] as const) {
    assert.deepEqual(await edit(value), {
      exitCode: 2,
      printed: [],
      notes: [`${sentence} See chatcluster quarantine edit --help.`],
    });
  }
  assert.deepEqual(seen, []);
});

test('a quarantine without a parked record can only be tried again', async () => {
  await write('abc123', { ...quarantined, parked: [], parkedCount: 0 });
  const { exitCode, notes } = await harness.run(['quarantine', 'skip', 'abc123']);
  assert.equal(exitCode, 1);
  assert.match(notes[0]!, /^No record of abc123 is parked/);
});

test('without an answer it says where to look', async () => {
  await write('abc123', quarantined);
  const { exitCode, notes } = await harness.run([
    'quarantine',
    'retry',
    'abc123',
    '--timeout',
    '1',
  ]);
  assert.equal(exitCode, 1);
  assert.match(notes[0]!, /nothing came of it within 1 s: .* chatcluster quarantine show abc123$/);
});
