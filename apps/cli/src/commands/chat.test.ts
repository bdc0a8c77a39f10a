import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  chatDeadLetter,
  type InstantMessageIn,
  instantMessageIn,
  instantMessageOut,
  type LatestMessagesBlock,
  latestMessagesBlock,
  latestMessagesRequest,
} from '@chat-cluster/contract';
import { DEAD_LETTER_HEADERS } from '@chat-cluster/engine/headers';
import { homePartition } from '@chat-cluster/log';
import { CliHarness } from '../cli-harness.ts';

let harness: CliHarness;
beforeEach(() => {
  harness = new CliHarness();
});
afterEach(() => harness.close());

function homeOf(topic: string, key: string): { topic: string; partition: number } {
  return { topic, partition: homePartition(Buffer.from(key), harness.partitionCount) };
}

function writeOut(message: InstantMessageIn, conversationMsgSeq: number): Promise<number> {
  const key = message.conversationKey;
  const value = instantMessageOut.encode({ ...message, conversationMsgSeq });
  return harness.write(homeOf(instantMessageOut.name, key), { key, value });
}

/** A node that numbers each message by what `numberOf` says, and leaves out those without. */
async function startNode(numberOf: (message: InstantMessageIn) => number | undefined) {
  await harness.onRecord(instantMessageIn.name, ({ value, key }, partition) => {
    const decoded = instantMessageIn.decode(value);
    assert.ok(decoded.ok);
    const { conversationKey } = decoded.value;
    assert.equal(Buffer.from(key!).toString(), conversationKey);
    assert.equal(partition, homeOf('', conversationKey).partition);
    const seq = numberOf(decoded.value);
    if (seq !== undefined) void writeOut(decoded.value, seq);
  });
}

async function answerRequests(
  answer: (numMsgs: number) => Pick<LatestMessagesBlock, 'latestChatter' | 'truncated'>,
) {
  await harness.onRecord(latestMessagesRequest.name, ({ value }) => {
    const decoded = latestMessagesRequest.decode(value);
    assert.ok(decoded.ok);
    const { conversationKey: key, requestId, numMsgs } = decoded.value;
    const block = { conversationKey: key, requestId, ...answer(numMsgs) };
    const to = homeOf(latestMessagesBlock.name, key);
    // Somebody else's answer comes first.
    const other = latestMessagesBlock.encode({ ...block, requestId: 'other', latestChatter: [] });
    void harness.write(to, { key, value: other });
    void harness.write(to, { key, value: latestMessagesBlock.encode(block) });
  });
}

const send = ['chat', 'send', 'abc123', 'Hi there!', '--from', 'bob', '--to', 'ann'];

test('send prints the message with its number', async () => {
  await startNode(() => 7);
  assert.deepEqual(await harness.run([...send, '--to', 'joe']), {
    exitCode: 0,
    printed: ['abc123 #7 bob: Hi there!'],
    notes: [],
  });
});

test('send prints the record as it is, for programs', async () => {
  await startNode(() => 0);
  const { printed } = await harness.run([...send, '--json', '--message-id', 'm1']);
  assert.deepEqual(printed, [
    '{"conversationKey":"abc123","sender":"bob","recipients":["ann"],"conversationMsgSeq":0,"body":"Hi there!","messageId":"m1"}',
  ]);
});

test("send does not take others' messages for its own", async () => {
  await startNode((message) => {
    void writeOut({ ...message, messageId: 'other' }, 0);
    void writeOut({ ...message, sender: 'eve' }, 1);
    return 2;
  });
  const { printed } = await harness.run(send);
  assert.deepEqual(printed, ['abc123 #2 bob: Hi there!']);
});

test('send tells why a message was refused', async () => {
  const [input] = await harness.log.admin.describeTopics([instantMessageIn.name]);
  await harness.onRecord(instantMessageIn.name, ({ offset, value }, partition) => {
    const headers = (at: number) => ({
      [DEAD_LETTER_HEADERS.topicId]: input!.topicId,
      [DEAD_LETTER_HEADERS.partition]: String(partition),
      [DEAD_LETTER_HEADERS.offset]: String(at),
      [DEAD_LETTER_HEADERS.reason]: `It is number ${at}.`,
    });
    const to = { topic: chatDeadLetter.name, partition: 2 };
    void harness.write(to, { key: null, value, headers: headers(offset + 1) });
    void harness.write(to, { key: null, value, headers: headers(offset) });
  });
  assert.deepEqual(await harness.run(send), {
    exitCode: 1,
    printed: [],
    notes: ['The message was refused: It is number 0.'],
  });
});

const again = [...send, '--message-id', 'm1'];
const first: InstantMessageIn = {
  conversationKey: 'abc123',
  sender: 'bob',
  recipients: ['ann'],
  body: 'The first one.',
  messageId: 'm1',
};

test('a message that was sent before is found by its sender and id, and shown with its first text', async () => {
  await startNode(() => undefined);
  await writeOut({ ...first, messageId: 'm0', body: 'Hi there!' }, 2);
  await writeOut(first, 3);
  await writeOut({ ...first, sender: 'ann' }, 4);
  await writeOut({ ...first, messageId: 'm2', body: 'Hi there!' }, 5);
  assert.deepEqual(await harness.run(again), {
    exitCode: 0,
    printed: ['abc123 #3 bob: The first one. (sent before)'],
    notes: [],
  });
  assert.deepEqual((await harness.run([...again, '--json'])).printed, [
    '{"conversationKey":"abc123","sender":"bob","conversationMsgSeq":3,"body":"The first one.","duplicate":true}',
  ]);
});

test('a message whose id was used long ago has its new number', async () => {
  await writeOut(first, 3);
  await startNode(() => 2_000);
  assert.deepEqual((await harness.run(again)).printed, ['abc123 #2000 bob: Hi there!']);
});

test('a new id with a text that was sent before is no duplicate', async () => {
  await writeOut({ ...first, messageId: 'm0', body: 'Hi there!' }, 3);
  const { exitCode, notes, printed } = await harness.run([...again, '--timeout', '2']);
  assert.deepEqual([exitCode, printed], [1, []]);
  assert.match(notes.join(), /no answer came within 2 s/);
});

test('without an answer the message is where it can be found later', async () => {
  const { exitCode, notes } = await harness.run([...send, '--timeout', '1']);
  assert.equal(exitCode, 1);
  const { partition } = homeOf('', 'abc123');
  assert.deepEqual(notes, [
    `The message is in instant_message_in (partition ${partition}, offset 0), and no answer came within 1 s: a node takes it as soon as one runs. Look with: chatcluster chat latest abc123`,
  ]);
});

test('latest prints the messages, or the block as it is', async () => {
  await answerRequests((numMsgs) => ({
    latestChatter: [
      ['bob', 'Hi\n\u001b[31mthere!', numMsgs],
      ['ann', 'Hi there!', numMsgs + 1],
    ],
    truncated: true,
  }));
  const latest = ['chat', 'latest', 'abc123', '-n', '100'];
  assert.deepEqual(await harness.run(latest), {
    exitCode: 0,
    printed: ['abc123 #100 bob: Hi\n    \\u{1b}[31mthere!', 'abc123 #101 ann: Hi there!'],
    notes: ['Older ones did not fit into the answer.'],
  });
  const { printed } = await harness.run([...latest, '--json']);
  assert.match(
    printed[0]!,
    /^{"conversationKey":"abc123","requestId":"[0-9a-f]{32}","latestChatter":\[\["bob",.*,101\]\],"truncated":true}$/,
  );
});

test('latest says when nobody has written, and when nobody answers', async () => {
  const latest = ['chat', 'latest', 'abc123', '--timeout', '1'];
  const unanswered = await harness.run(latest);
  assert.deepEqual(unanswered, {
    exitCode: 1,
    printed: [],
    notes: ['No answer came within 1 s: see that a node runs, or wait for longer with --timeout.'],
  });
  await answerRequests(() => ({ latestChatter: [], truncated: false }));
  assert.deepEqual(await harness.run(latest), {
    exitCode: 0,
    printed: [],
    notes: ['Nobody has written in abc123 yet.'],
  });
});

test('tail follows what comes from now on, until Ctrl-C', async () => {
  const interruption = new AbortController();
  const message = { conversationKey: 'abc123', sender: 'bob', recipients: [], body: 'before' };
  await writeOut(message, 0);
  const ran = await harness.run(['chat', 'tail'], {
    signal: interruption.signal,
    seen: (line) => {
      if (line.startsWith('Following')) {
        void writeOut({ ...message, body: 'one' }, 1).then(() =>
          writeOut({ ...message, conversationKey: 'other', body: 'two' }, 0),
        );
      }
      if (line.endsWith('two')) interruption.abort();
    },
  });
  assert.deepEqual(ran, {
    exitCode: 0,
    printed: ['abc123 #1 bob: one', 'other #0 bob: two'],
    notes: ['Following all conversations; Ctrl-C ends it.'],
  });
});

test('tail of one conversation shows that one only, from its beginning if it should', async () => {
  const single = new CliHarness({ partitionCount: 1 });
  try {
    const interruption = new AbortController();
    const message = { sender: 'bob', recipients: [], body: 'x' };
    const write = (conversationKey: string, conversationMsgSeq: number) =>
      single.write(
        { topic: instantMessageOut.name, partition: 0 },
        {
          key: conversationKey,
          value: instantMessageOut.encode({ ...message, conversationKey, conversationMsgSeq }),
        },
      );
    for (const [key, seq] of [
      ['a', 0],
      ['b', 0],
      ['a', 1],
    ] as const) {
      await write(key, seq);
    }
    const { printed } = await single.run(['chat', 'tail', 'a', '--from-beginning', '--json'], {
      signal: interruption.signal,
      seen: (line) => {
        if (line.includes('"conversationMsgSeq":1')) interruption.abort();
      },
    });
    assert.deepEqual(
      printed,
      [0, 1].map(
        (seq) =>
          `{"conversationKey":"a","sender":"bob","recipients":[],"conversationMsgSeq":${seq},"body":"x"}`,
      ),
    );
  } finally {
    await single.close();
  }
});

test('Ctrl-C while waiting for an answer is no failure to tell about', async () => {
  const interruption = new AbortController();
  await startNode(() => {
    interruption.abort();
    return undefined;
  });
  const ran = await harness.run(send, { signal: interruption.signal });
  assert.deepEqual(ran, { exitCode: 130, printed: [], notes: [] });
});
