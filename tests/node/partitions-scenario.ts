import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { allTopics, instantMessageIn, latestMessagesRequest } from '@chat-cluster/contract';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { Readiness } from '../crash/chat-node.ts';
import { within } from '../crash/within.ts';
import { refusalOf } from '../path/node-refusal.ts';
import { Program } from '../path/program.ts';
import { askConversation } from './ask-conversation.ts';
import type { Backend } from './backend.ts';
import { Chat, keysAt } from './chat.ts';
import { NodeProgram } from './node-program.ts';

/** Topics are looked at every ten seconds. */
const NOTICED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 30_000;
const PARTITION_COUNT = 3;
const GROUP = ['--group', 'partitions'];
const PLACED = ['--partitions', String(PARTITION_COUNT)];

/** Nodes of a group of their own, on topics that the tests make: those that are there are deleted. */
export function describePartitions(backend: () => Backend): void {
  describe('a node, when topics have not the partitions that its entities are placed over', () => {
    let scene: Partitions;
    before(() => {
      scene = new Partitions(backend());
    });
    beforeEach(() => scene.deleteTopics());
    after(() => scene[Symbol.asyncDispose]());

    it('does not start on inputs of different numbers, and says why and what to do', () =>
      scene.assertDifferentRefused());
    it('goes on when partitions are added, tells it as its health, and does not start again', () =>
      scene.addPartitions());
    it('does not start on another number than its entities were placed over', () =>
      scene.assertAnotherRefused());
  });
}

class Partitions implements AsyncDisposable {
  readonly #kafkaPort: number;
  readonly #journal: string;
  readonly #admin: Admin;

  constructor(backend: Backend) {
    this.#kafkaPort = backend.kafkaPort;
    this.#journal = backend.journal('partitions');
    const bootstrapBrokers = [`127.0.0.1:${backend.kafkaPort}`];
    this.#admin = new Admin({ clientId: 'operator', bootstrapBrokers });
  }

  async deleteTopics(): Promise<void> {
    const bootstrap = [{ host: '127.0.0.1', port: this.#kafkaPort }];
    const log = openKafkaLog({ bootstrap, clientId: 'operator' });
    const names = allTopics.map(({ name }) => name);
    const there = async (): Promise<string[]> =>
      (await log.admin.describeTopics(names)).flatMap((found) => found?.topic ?? []);
    const topics = await there();
    if (topics.length > 0) await this.#admin.deleteTopics({ topics });
    await within(GONE_WITHIN_MS, async () => {
      const left = await there();
      return left.length === 0 ? undefined : `No topic is left: ${left.join(', ')}.`;
    });
    await log.close();
  }

  async assertDifferentRefused(): Promise<void> {
    const topics = [instantMessageIn.name, latestMessagesRequest.name];
    for (const [index, name] of topics.entries()) {
      const partitions = PARTITION_COUNT + index;
      await this.#admin.createTopics({ topics: [name], partitions, replicas: 1 });
    }
    assert.match(
      await this.#refusal(),
      /partitions and .* has .*: the same key would have two homes\. Create them/,
    );
  }

  /** The journal then knows how many there were. */
  async addPartitions(): Promise<void> {
    const node = await this.#startNode();
    await using program = node.program;
    const options = { kafkaPort: this.#kafkaPort, partitionCount: PARTITION_COUNT };
    await using chat = await Chat.open({ ...options, name: 'partitions' });
    await this.#goesOn(chat, node);
    const count = PARTITION_COUNT + 2;
    await this.#admin.createPartitions({ topics: [{ name: instantMessageIn.name, count }] });
    await within(NOTICED_WITHIN_MS, async () => {
      const { ready, troubles } = (await node.ask('/ready')) as Readiness;
      assert.equal(ready, true);
      const isTold = /has 5 partitions now.* 3 to 4 are not consumed/.test(troubles.join(' '));
      return isTold ? undefined : `Troubles: ${troubles.join(' ')}`;
    });
    const added = PARTITION_COUNT;
    const keys = keysAt(added, { name: 'added', partitionCount: count, count: 1 });
    const offset = await chat.sayOnce(keys, added);
    await this.#goesOn(chat, node);
    // What was said after it has been put out, and it has not been fetched.
    const place = `topic=${instantMessageIn.name}&partition=${added}&offset=${offset}`;
    assert.match(JSON.stringify(await node.ask(`/explain?${place}`)), /is not consumed/);
    const metrics = await node.metrics();
    const sentCount = chat.conversations.reduce((sum, each) => sum + each.sentCount, 0);
    assert.equal(metrics.get('records_fetched'), sentCount);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
    assert.match(await this.#refusal(...PLACED), /the same key would have two homes/);
  }

  async assertAnotherRefused(): Promise<void> {
    assert.match(
      await this.#refusal('--partitions', String(PARTITION_COUNT + 1)),
      /have 4 partitions, and its entities were placed over 3: .*Recreate the topics with 3/,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close();
  }

  /** Each conversation gets a message, puts it out and shows it. */
  async #goesOn(chat: Chat, { endpoint }: NodeProgram): Promise<void> {
    for (const conversation of chat.conversations) {
      await chat.say(conversation);
      const asking = { endpoint, way: 'including' } as const;
      assert.equal(await askConversation(chat, conversation, asking), undefined);
      const numbers = Array.from({ length: conversation.sentCount }, (_, number) => number);
      assert.deepEqual(await chat.outputsOf(conversation), numbers);
    }
  }

  #startNode(): Promise<NodeProgram> {
    const [kafkaPort, journal] = [this.#kafkaPort, this.#journal];
    return NodeProgram.start({ kafkaPort, journal, args: [...GROUP, ...PLACED] });
  }

  /** The sentence with which it exits with code 1. */
  async #refusal(...args: readonly string[]): Promise<string> {
    await using node = new Program('apps/cli/src/main.js', [
      ...['node', '--brokers', `127.0.0.1:${this.#kafkaPort}`, '--journal', this.#journal],
      ...['--endpoint', '127.0.0.1:0', '--http-port', '0', '--management-port', '0'],
      ...GROUP,
      ...args,
    ]);
    return await refusalOf(node);
  }
}
