import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Readiness } from '../crash/chat-node.ts';
import { within } from '../crash/within.ts';
import { askConversation, waysOfAsking } from './ask-conversation.ts';
import type { Backend } from './backend.ts';
import { Chat } from './chat.ts';
import { childProcesses, isRunning } from './child-processes.ts';
import { MOVE_WAIT_MS, PARTITION_COUNT } from './node-cluster.ts';
import { NodeProgram } from './node-program.ts';
import { underTraffic } from './traffic.ts';
import { Watches } from './watches.ts';

/** A node with two workers, alone in its group. Its workers have the ports after `endpoint`; without it, free ones. */
export function describeWorkerProcesses(backend: () => Backend, endpoint?: string): void {
  describe('a node with two workers', () => {
    let scene: TwoWorkers;
    before(async () => {
      scene = await TwoWorkers.start(backend(), endpoint);
    });
    after(() => scene[Symbol.asyncDispose]());

    it('runs each in a process of its own, and shows all of them on one port', () =>
      scene.assertTwo());
    it('answers for any conversation at any of its endpoints', () => scene.assertAnswersAnywhere());
    it('says that one died, goes on with its shards, and starts it again', (t) => scene.killOne(t));
    it('leaves nothing when it is stopped', () => scene.stop());
  });
}

/** Starts a node with two workers. */
export function startTwoWorkers(backend: Backend, endpoint?: string): Promise<NodeProgram> {
  const { kafkaPort } = backend;
  const journal = backend.journal('chat');
  return NodeProgram.start({ kafkaPort, journal, endpoint, args: ['--workers', '2'] });
}

/** Resolves when all shards run, half of them on each worker. */
export function untilBothHaveShards(node: NodeProgram): Promise<void> {
  return within(MOVE_WAIT_MS, async () => {
    const shards = await node.shards();
    const owners = shards.flatMap(({ phase, worker }) => (phase === 'running' ? [worker] : []));
    const [one = '', ...others] = new Set(owners);
    const ofOne = owners.filter((owner) => owner === one).length;
    return owners.length === PARTITION_COUNT && others.length === 1 && ofOne === owners.length / 2
      ? undefined
      : `Both workers have half of the shards: ${JSON.stringify(shards)}`;
  });
}

class TwoWorkers implements AsyncDisposable {
  readonly #node: NodeProgram;
  readonly #chat: Chat;

  private constructor(node: NodeProgram, chat: Chat) {
    this.#node = node;
    this.#chat = chat;
  }

  static async start(backend: Backend, endpoint: string | undefined): Promise<TwoWorkers> {
    const node = await startTwoWorkers(backend, endpoint);
    try {
      await untilBothHaveShards(node);
      const { kafkaPort } = backend;
      const name = 'two workers';
      const chat = await Chat.open({ kafkaPort, partitionCount: PARTITION_COUNT, name });
      return new TwoWorkers(node, chat);
    } catch (error) {
      await node.program[Symbol.asyncDispose]();
      throw error;
    }
  }

  async assertTwo(): Promise<void> {
    assert.equal(childProcesses(this.#node.program.pid).length, 2);
    assert.deepEqual(await this.#readiness(), { ready: true, troubles: [] });
    const metrics = await fetch(`http://127.0.0.1:${this.#node.managementPort}/metrics`);
    const workers = (await metrics.text()).matchAll(
      /^chatcluster_backlog_bytes\{worker="(.*)"\}/gm,
    );
    assert.equal(new Set([...workers].map(([, name]) => name)).size, 2);
    const members = await this.#members();
    assert.deepEqual(
      members.map(({ isThisNode, numShards }) => ({ isThisNode, numShards })),
      Array.from({ length: 2 }, () => ({ isThisNode: true, numShards: PARTITION_COUNT / 2 })),
    );
  }

  async assertAnswersAnywhere(): Promise<void> {
    const { conversations } = this.#chat;
    await Promise.all(conversations.map((conversation) => this.#chat.say(conversation)));
    const members = await this.#members();
    const endpoints = [this.#node.endpoint, ...members.map((member) => member.endpoint)];
    assert.equal(new Set(endpoints).size, 3);
    for (const endpoint of endpoints) {
      for (const conversation of conversations) {
        for (const way of waysOfAsking) {
          assert.equal(
            await askConversation(this.#chat, conversation, { endpoint, way }),
            undefined,
          );
        }
      }
    }
  }

  async killOne(t: TestContext): Promise<void> {
    const { endpoint, program } = this.#node;
    await using watches = new Watches([endpoint], this.#chat.conversations);
    const traffic = { chat: this.#chat, endpoints: [endpoint], watches: [watches] };
    const { refusals } = await underTraffic(traffic, async () => {
      const [killed = 0, other = 0] = childProcesses(program.pid);
      process.kill(killed, 'SIGKILL');
      await within(MOVE_WAIT_MS, async () => {
        const { ready, troubles } = await this.#readiness();
        const isTold = !ready && troubles.some((each) => each.includes('ended by SIGKILL'));
        return isTold ? undefined : `It is told that a worker died: ${JSON.stringify(troubles)}`;
      });
      await within(MOVE_WAIT_MS, async () => {
        const { ready, troubles } = await this.#readiness();
        return ready ? undefined : `It is started again: ${JSON.stringify(troubles)}`;
      });
      const children = childProcesses(program.pid);
      assert.equal(children.length, 2);
      assert.ok(children.includes(other), 'The other one goes on.');
      await untilBothHaveShards(this.#node);
    });
    await watches.untilAllSeen();
    assert.match(program.stdout, /is started again in 1 s\. Its process ended by SIGKILL\./);
    t.diagnostic(`${refusals.length} questions were refused. ${refusals[0] ?? ''}`);
  }

  async stop(): Promise<void> {
    const { program } = this.#node;
    const children = childProcesses(program.pid);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
    assert.deepEqual(children.filter(isRunning), []);
    assert.doesNotMatch(program.stdout, /"level":60/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chat[Symbol.asyncDispose]();
    await this.#node.program[Symbol.asyncDispose]();
  }

  async #readiness(): Promise<Readiness> {
    return (await this.#node.ask('/ready')) as Readiness;
  }

  async #members(): Promise<readonly Member[]> {
    return ((await this.#node.ask('/cluster/members')) as { members: readonly Member[] }).members;
  }
}

type Member = {
  readonly endpoint: string;
  readonly numShards: number;
  readonly isThisNode: boolean;
};
