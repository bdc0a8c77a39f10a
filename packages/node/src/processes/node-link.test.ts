import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { plantedMap, plantedWorker } from '../management/planted-workers.ts';
import type { LocalWorker } from '../start-worker.ts';
import { NodeLink, type ProcessChannel } from './node-link.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** The end of a process that its node talks to, in the hands of the test. */
class Channel extends EventEmitter implements ProcessChannel {
  connected = true;
  readonly sent: FromWorker[] = [];
  readonly heard: string[] = [];

  send(message: FromWorker): void {
    this.sent.push(message);
  }

  tell(message: ToWorker): void {
    this.emit('message', message);
  }

  link(): NodeLink {
    return new NodeLink(this, {
      onStop: () => this.heard.push('stop'),
      onGone: () => this.heard.push('gone'),
    });
  }
}

const worker = {
  owner: { map: () => plantedMap, onMap: () => () => undefined },
  look: async () => plantedWorker(),
  explain: async (...asked: unknown[]) => asked,
} as unknown as LocalWorker;

test('a process is told what to be, and tells what it has become', async () => {
  const channel = new Channel();
  const link = channel.link();
  const orders = { endpoint: { host: '127.0.0.1', port: 1 }, settings: { any: 'thing' } };
  channel.tell({ kind: 'start', orders });
  assert.deepEqual(await link.orders(), orders);
  link.started(worker);
  assert.deepEqual(channel.sent, [{ kind: 'map', map: plantedMap }, { kind: 'started' }]);
});

test('each question is answered under its number', async () => {
  const channel = new Channel();
  channel.link().started(worker);
  channel.sent.length = 0;
  const question = { kind: 'message', messageId: 'm', entityId: undefined } as const;
  const explain = { kind: 'explain', question, deadlineMs: 5_000 } as const;
  channel.tell({ kind: 'ask', id: 7, question: { kind: 'look' } });
  channel.tell({ kind: 'ask', id: 8, question: explain });
  await new Promise(setImmediate);
  assert.deepEqual(
    channel.sent.map((message) => (message.kind === 'answer' ? message.id : message.kind)),
    [7, 8],
  );
  const [, explained] = channel.sent;
  assert.ok(explained?.kind === 'answer');
  assert.ok(Array.isArray(explained.answer));
  assert.deepEqual(explained.answer.slice(0, 2), [question, 5_000]);
});

test('a question that its asker gives up ends in the process, too, and no other one does', async () => {
  const channel = new Channel();
  const signals: AbortSignal[] = [];
  const explain = (...[, , signal]: Parameters<LocalWorker['explain']>): Promise<never> => {
    assert.ok(signal);
    signals.push(signal);
    return new Promise(() => undefined);
  };
  channel.link().started({ ...worker, explain });
  const question = { kind: 'message', messageId: 'm', entityId: undefined } as const;
  for (const id of [7, 8]) {
    channel.tell({ kind: 'ask', id, question: { kind: 'explain', question, deadlineMs: 5_000 } });
  }
  channel.tell({ kind: 'give-up', id: 8 });
  // It has been answered, or never came.
  channel.tell({ kind: 'give-up', id: 9 });
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false, true],
  );
});

test('it is asked to stop, and it ends when its node is gone, also when that was before anybody listened', () => {
  const channel = new Channel();
  const link = channel.link();
  channel.tell({ kind: 'stop' });
  channel.connected = false;
  channel.emit('disconnect');
  assert.deepEqual(channel.heard, ['stop', 'gone']);
  // To nobody: it would be an error of the process.
  link.failed('It fails.');
  assert.deepEqual(channel.sent, []);
  const late = new Channel();
  late.connected = false;
  late.link();
  assert.deepEqual(late.heard, ['gone']);
});
