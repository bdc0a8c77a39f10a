import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { chatDeadLetter, instantMessageIn } from '@chat-cluster/contract';
import { homePartition } from '@chat-cluster/log';
import { CliHarness } from '../cli-harness.ts';

let harness: CliHarness;
beforeEach(() => {
  harness = new CliHarness();
});
afterEach(() => harness.close());

function deadLetter(options: {
  readonly partition: number;
  readonly key?: string | null;
  readonly value?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}): Promise<number> {
  const { partition, key = null, value = Buffer.from('hello'), headers } = options;
  return harness.write(
    { topic: chatDeadLetter.name, partition },
    {
      key,
      value,
      headers: {
        trace: '1',
        'fw-from': 'instant_message_in/x/0/1',
        'dl-topic': instantMessageIn.name,
        'dl-topic-id': 'Zm9v',
        'dl-partition': '2',
        'dl-offset': '55',
        'dl-timestamp': '1700000000000',
        'dl-code': 'not-json',
        'dl-reason': 'The value is not JSON.',
        ...headers,
      },
    },
  );
}

test('list shows where each was and why it was refused, the newest last', async () => {
  await deadLetter({ partition: 1, headers: { 'dl-reason': 'First.\u001b[2J' } });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await deadLetter({ partition: 0, headers: { 'dl-reason': 'Second.' } });
  const { exitCode, printed } = await harness.run(['dead-letters', 'list']);
  assert.equal(exitCode, 0);
  assert.deepEqual(
    printed.map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/, 'TIME')),
    [
      '1:0  TIME  instant_message_in 2:55  First.\\u{1b}[2J',
      '0:0  TIME  instant_message_in 2:55  Second.',
    ],
  );
});

test('list shows the newest of many', async () => {
  for (let n = 0; n < 25; n += 1) {
    await deadLetter({ partition: n % 3, headers: { 'dl-reason': `Number ${n}.` } });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { printed } = await harness.run(['dead-letters', 'list', '-n', '4']);
  assert.deepEqual(
    printed.map((line) => line.slice(line.indexOf('Number'))),
    ['Number 21.', 'Number 22.', 'Number 23.', 'Number 24.'],
  );
});

test('list says when there are none', async () => {
  assert.deepEqual(await harness.run(['dead-letters', 'list']), {
    exitCode: 0,
    printed: [],
    notes: ['There are no dead letters.'],
  });
});

test('show prints all of a record, as JSON too', async () => {
  await deadLetter({
    partition: 1,
    key: 'k',
    value: Buffer.of(0xff),
    headers: { 'dl-truncated': 'key=1 value=900001' },
  });
  const { printed } = await harness.run(['dead-letters', 'show', '1:0']);
  assert.deepEqual(
    printed.filter((line) => !line.startsWith('refused')),
    [
      'position:  1:0',
      'reason:    The value is not JSON.',
      'origin:    instant_message_in 2:55',
      'sent:      2023-11-14 22:13:20 UTC',
      'header:    trace = 1',
      'key:       k',
      'value:     (not UTF-8) base64 /w==',
      'cut:       it had key=1 value=900001 bytes',
    ],
  );
  const [json] = (await harness.run(['dead-letters', 'show', '1:0', '--json'])).printed;
  const { timestampMs, ...rest } = JSON.parse(json!) as Record<string, unknown>;
  assert.equal(typeof timestampMs, 'number');
  assert.deepEqual(rest, {
    position: '1:0',
    code: 'not-json',
    reason: 'The value is not JSON.',
    origin: {
      topic: 'instant_message_in',
      topicId: 'Zm9v',
      partition: 2,
      offset: 55,
      timestampMs: 1_700_000_000_000,
    },
    truncated: 'key=1 value=900001',
    key: 'k',
    value: { base64: '/w==' },
    headers: [['trace', '1']],
  });
});

test('a position where nothing is, or that is none, is refused', async () => {
  for (const position of ['1:0', '99:0']) {
    assert.deepEqual(await harness.run(['dead-letters', 'show', position]), {
      exitCode: 1,
      printed: [],
      notes: [
        `There is no dead letter at ${position}: chatcluster dead-letters list shows what there is.`,
      ],
    });
  }
  assert.equal((await harness.run(['dead-letters', 'show', '1'])).exitCode, 2);
});

type Seen = { partition: number; key: string | null; value: string; headers: string[] };

async function watchInput(): Promise<Seen[]> {
  const seen: Seen[] = [];
  await harness.onRecord(instantMessageIn.name, ({ key, value, headers }, partition) => {
    seen.push({
      partition,
      key: key && Buffer.from(key).toString(),
      value: Buffer.from(value!).toString(),
      headers: headers.map((header) => header.key),
    });
  });
  return seen;
}

async function settled(seen: readonly Seen[], count: number): Promise<void> {
  while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('resend sends what was refused home, with its own headers only', async () => {
  const seen = await watchInput();
  await deadLetter({ partition: 0, key: 'abc123' });
  await deadLetter({ partition: 1 });
  const { exitCode, printed } = await harness.run(['dead-letters', 'resend', '0:0', '1:0']);
  assert.equal(exitCode, 0);
  await settled(seen, 2);
  const home = homePartition(Buffer.from('abc123'), 3);
  assert.deepEqual(seen, [
    { partition: home, key: 'abc123', value: 'hello', headers: ['trace'] },
    { partition: 2, key: null, value: 'hello', headers: ['trace'] },
  ]);
  assert.match(printed[0]!, new RegExp(`^0:0 sent to instant_message_in ${home}:0$`));
});

test('resend sends another value if it is given one', async () => {
  const seen = await watchInput();
  await deadLetter({ partition: 0, key: 'k', headers: { 'dl-truncated': 'key=1 value=900001' } });
  const resend = ['dead-letters', 'resend', '0:0'];
  assert.deepEqual(await harness.run(resend), {
    exitCode: 1,
    printed: [],
    notes: [
      'Only the start of 0:0 is left (it had key=1 value=900001 bytes): give what to send with --value.',
    ],
  });
  const better = JSON.stringify({ conversationKey: 'k', sender: 'a', recipients: [], body: 'b' });
  assert.equal((await harness.run([...resend, '--value', better])).exitCode, 0);
  await settled(seen, 1);
  assert.deepEqual(
    seen.map(({ value }) => value),
    [better],
  );
});

test('resend refuses a value that would only become a dead letter again', async () => {
  const seen = await watchInput();
  await deadLetter({ partition: 0 });
  const { exitCode, notes } = await harness.run(['dead-letters', 'resend', '0:0', '--value', '{']);
  assert.equal(exitCode, 2);
  assert.match(notes[0]!, /^The value is not JSON/);
  assert.deepEqual(seen, []);
});

test('resend sends nothing if one of several cannot be sent', async () => {
  const seen = await watchInput();
  await deadLetter({ partition: 0 });
  await deadLetter({ partition: 0, headers: { 'dl-topic': '__consumer_offsets' } });
  const { exitCode, notes } = await harness.run(['dead-letters', 'resend', '0:0', '0:1']);
  assert.equal(exitCode, 1);
  assert.match(notes[0]!, /^The dead letter 0:1 does not come from an input topic/);
  assert.equal((await harness.run(['dead-letters', 'resend', '0:0', '0:9'])).exitCode, 1);
  const two = ['dead-letters', 'resend', '0:0', '0:0', '--value', 'x'];
  assert.equal((await harness.run(two)).exitCode, 2);
  assert.deepEqual(seen, []);
});
