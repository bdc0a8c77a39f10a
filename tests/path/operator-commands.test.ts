import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { runCli } from '@chat-cluster/app-cli';
import {
  allTopics,
  conversationControl,
  conversationQuarantine,
  instantMessageIn,
} from '@chat-cluster/contract';
import { conversation } from '@chat-cluster/conversation';
import { Worker } from '@chat-cluster/engine';
import { MemoryJournal } from '@chat-cluster/journal';
import { sleep, systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { homePartition, MemoryBroker, MemoryLog } from '@chat-cluster/log';

const PARTITION_COUNT = 3;
const POLL_MS = 20;
const ATTEMPTS_MAX = 500;

/** One node on a cluster in memory, whose rules fail on one body as long as they are broken. */
class FragileNode {
  isBroken = true;
  readonly #broker = new MemoryBroker({ clock: systemClock, timers: systemTimers });
  readonly #log = new MemoryLog({ broker: this.#broker, clientName: 'node' });
  #stop: () => Promise<void> = () => Promise.resolve();

  async start(): Promise<void> {
    for (const { name, configs } of allTopics) {
      this.#broker.createTopic({ topic: name, partitionCount: PARTITION_COUNT, configs });
    }
    const worker = await Worker.start({
      definition: {
        ...conversation,
        decide: (state, command, context) => {
          const isFatal = command.kind === 'send' && command.message.body === 'boom';
          if (isFatal && this.isBroken) throw new Error('These rules are broken.');
          return conversation.decide(state, command, context);
        },
      },
      groupId: 'chat',
      identity: { name: 'node', endpoint: '127.0.0.1:1' },
      log: this.#log,
      journal: new MemoryJournal({ timers: systemTimers }),
      controlTopic: conversationControl.name,
      quarantineTopic: conversationQuarantine.name,
      clock: systemClock,
      timers: systemTimers,
      report: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#stop = () => worker.stop();
  }

  /** Writes a record as every client may. */
  async send(value: string, partition?: number): Promise<void> {
    const key = partition === undefined ? Buffer.from('abc123') : null;
    const home = homePartition(Buffer.from('abc123'), PARTITION_COUNT);
    const to = { topic: instantMessageIn.name, partition: partition ?? home };
    await this.#log.openProducer().send(to, [{ key, value: Buffer.from(value), headers: [] }]);
  }

  async chatcluster(...argv: string[]): Promise<{
    readonly exitCode: number | 'running';
    readonly printed: readonly string[];
    readonly notes: readonly string[];
  }> {
    const printed: string[] = [];
    const notes: string[] = [];
    const exitCode = await runCli(argv, {
      print: (line) => void printed.push(line),
      printed: () => Promise.resolve(),
      note: (line) => void notes.push(line),
      signal: new AbortController().signal,
      env: {},
      openLog: () =>
        Promise.resolve(new MemoryLog({ broker: this.#broker, clientName: 'operator' })),
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
    });
    return { exitCode, printed, notes };
  }

  /** Runs the command until a line that it prints is as wanted: what a node does takes a moment. */
  async untilPrinted(wanted: RegExp, ...argv: string[]): Promise<string> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { printed } = await this.chatcluster(...argv);
      const line = printed.find((each) => wanted.test(each));
      if (line !== undefined) return line;
      // What is in memory answers without a turn of the event loop, which the node needs too.
      await sleep(systemTimers, POLL_MS);
    }
    return assert.fail(`${argv.join(' ')} never printed ${wanted}.`);
  }

  async stop(): Promise<void> {
    await this.#stop();
    await this.#log.close();
  }
}

function message(body: string): string {
  return JSON.stringify({ conversationKey: 'abc123', sender: 'bob', recipients: [], body });
}

let node: FragileNode;
beforeEach(async () => {
  node = new FragileNode();
  await node.start();
});
afterEach(() => node.stop());

/** Three messages are parked: the first fails. */
async function quarantined(): Promise<void> {
  for (const body of ['boom', 'one', 'two']) await node.send(message(body));
  const line = await node.untilPrinted(/3 parked/, 'quarantine', 'list');
  assert.match(line, /^abc123 {2}since .* {2}3 parked {2}/);
}

test('an operator sees who is quarantined and why, and what waits', async () => {
  await node.send(message('boom'));
  const line = await node.untilPrinted(/1 parked/, 'quarantine', 'list');
  assert.match(line, /^abc123 {2}since .* UTC {2}1 parked {2}These rules are broken\.$/);
  await node.send(message('one'));
  await node.untilPrinted(/2 parked/, 'quarantine', 'list');
  const { printed } = await node.chatcluster('quarantine', 'show', 'abc123');
  const home = homePartition(Buffer.from('abc123'), PARTITION_COUNT);
  assert.deepEqual(printed.slice(2), [
    `instant_message_in ${home}:0  ${message('boom')}`,
    `instant_message_in ${home}:1  ${message('one')}`,
  ]);
});

test('retry fails as long as the rules do, and decides everything in order when they are mended', async () => {
  await quarantined();
  assert.deepEqual(await node.chatcluster('quarantine', 'retry', 'abc123'), {
    exitCode: 1,
    printed: ['abc123 fails on its next record (3 parked): These rules are broken.'],
    notes: ['abc123 is still quarantined.'],
  });
  node.isBroken = false;
  assert.deepEqual(await node.chatcluster('quarantine', 'retry', 'abc123'), {
    exitCode: 0,
    printed: ['abc123 is released: all its parked records are done with.'],
    notes: [],
  });
  const { printed } = await node.chatcluster('chat', 'latest', 'abc123');
  assert.deepEqual(printed, ['abc123 #0 bob: boom', 'abc123 #1 bob: one', 'abc123 #2 bob: two']);
  const list = await node.chatcluster('quarantine', 'list');
  assert.deepEqual(list.notes, ['No conversation is quarantined.']);
});

test('skip leaves the first record out', async () => {
  await quarantined();
  assert.equal((await node.chatcluster('quarantine', 'skip', 'abc123')).exitCode, 0);
  const { printed } = await node.chatcluster('chat', 'latest', 'abc123');
  assert.deepEqual(printed, ['abc123 #0 bob: one', 'abc123 #1 bob: two']);
});

test('edit puts another value in its place', async () => {
  await quarantined();
  const edit = ['quarantine', 'edit', 'abc123', message('whisper')];
  assert.equal((await node.chatcluster(...edit)).exitCode, 0);
  const { printed } = await node.chatcluster('chat', 'latest', 'abc123');
  assert.deepEqual(printed, ['abc123 #0 bob: whisper', 'abc123 #1 bob: one', 'abc123 #2 bob: two']);
});

test('what was refused is shown with its reason, and can be mended and sent again', async () => {
  await node.send('{"conversationKey":"abc123","sender":"bob"}', 0);
  const line = await node.untilPrinted(
    /^\d:0 {2}.* {2}instant_message_in 0:0 {2}recipients is missing; it must be a list\.$/,
    'dead-letters',
    'list',
  );
  const position = line.split(' ')[0]!;
  const shown = await node.chatcluster('dead-letters', 'show', position, '--json');
  const letter = JSON.parse(shown.printed[0]!) as Record<string, unknown>;
  assert.equal(letter['code'], 'missing-field');
  assert.equal(letter['value'], '{"conversationKey":"abc123","sender":"bob"}');
  assert.deepEqual(letter['headers'], []);
  await node.chatcluster('dead-letters', 'resend', position, '--value', message('mended'));
  await node.untilPrinted(/^abc123 #0 bob: mended$/, 'chat', 'latest', 'abc123');
});

test('a message is sent, is shown, and is known when it is sent again', async () => {
  const send = ['chat', 'send', 'abc123', 'Hi there!', '--from', 'bob', '--message-id', 'm1'];
  const first = await node.chatcluster(...send);
  assert.deepEqual(first.printed, ['abc123 #0 bob: Hi there!']);
  const second = await node.chatcluster(...send);
  assert.deepEqual(second.printed, ['abc123 #0 bob: Hi there! (sent before)']);
});
