import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NodePair } from '../crash/node-pair.ts';
import { startEmbeddedBackend, type Backend } from './backend.ts';
import {
  describeExplain,
  Explaining,
  messageTo,
  type ExplainingNode,
  type ExplainingNodes,
} from './explain-scenario.ts';

const PARTITION_COUNT = 4;

describe('on the embedded broker and LMDB', () => {
  let backend: Backend;
  let pair: NodePair;
  let explaining: ExplainingNodes;

  before(async () => {
    backend = await startEmbeddedBackend();
    const { kafkaPort } = backend;
    const journal = backend.journal('chat');
    pair = await NodePair.start({ kafkaPort, journal, partitionCount: PARTITION_COUNT });
    await pair.untilSettled();
    const nodes = [await explainingNode(0), await explainingNode(1)];
    explaining = { kafkaPort, partitionCount: PARTITION_COUNT, nodes };
  });
  after(async () => {
    await pair[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  async function explainingNode(index: 0 | 1): Promise<ExplainingNode> {
    const node = pair.node(index);
    const name = index === 0 ? 'node-a' : 'node-b';
    return {
      managementPort: node.managementPort,
      endpoint: (await node.endpoint(name)) ?? assert.fail(`${name} is a member.`),
      shards: async () => (await node.shards()) ?? [],
    };
  }

  describeExplain(() => explaining);

  it('a record that is committed and not in the journal yet is in the backlog; the next one waits', async () => {
    await using scene = new Explaining(explaining);
    const key = await scene.conversationOf(0);
    const paused = pair.pause(0, 'rows-unsent');
    const place = await scene.send(key, messageTo(key));
    await paused;
    const told = (await scene.tell(1, place)).join('\n');
    assert.match(told, /transaction has committed[^]*It is in the backlog: the journal does not/);
    const next = await scene.send(key, messageTo(key));
    assert.match(
      (await scene.tell(1, next))[0] ?? '',
      /^It is the next one of its partition to be decided and committed\.$/,
    );
    pair.wake(0);
    await scene.explainUntil(/It is in the journal/, 1, place);
  });
});
