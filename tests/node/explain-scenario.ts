import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chatDeadLetter,
  conversationEvents,
  encodeInstantMessageIn,
  instantMessageIn,
  instantMessageOut,
} from '@chat-cluster/contract';
import { type FetchedRecord, homePartition, type Log, type Producer } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { within } from '../crash/within.ts';
import { Program } from '../path/program.ts';

/** A node, as far as it explains. */
export type ExplainingNode = {
  readonly managementPort: number;
  /** HOST:PORT of its EntityService. */
  readonly endpoint: string;
  /** Those that it owns. */
  shards(): Promise<readonly { readonly shardId: string }[]>;
};

/** Two nodes that own some shards each. */
export type ExplainingNodes = {
  readonly kafkaPort: number;
  readonly partitionCount: number;
  readonly nodes: readonly ExplainingNode[];
};

const WAIT_MS = 60_000;
/** Of an explanation, with what differs from run to run. */
const AT = /(\d+):(\d+), appended at \d{4}-\d\d-\d\dT[\d:.]+Z/;

/** Two nodes tell the lives of records. */
export function describeExplain(nodes: () => ExplainingNodes): void {
  describe('the life of a record, as two nodes tell it', () => {
    let scene: Explaining;
    before(() => {
      scene = new Explaining(nodes());
    });
    after(() => scene[Symbol.asyncDispose]());

    it('is told from its arrival to the journal, by either of them, by its place or its id', () =>
      scene.assertTold());
    it('is told over RPC as it is on the command line', () => scene.assertToldOverRpc());
    it('that was sent to a partition of the other node is told with its copy at home', () =>
      scene.assertForwardedTold());
    it('that was refused is told with the reason and its dead letter', () =>
      scene.assertRefusedTold());
  });
}

/** Sends records, and asks nodes about them. */
export class Explaining implements AsyncDisposable {
  readonly #nodes: readonly ExplainingNode[];
  readonly #partitionCount: number;
  readonly #log: Log;
  readonly #producer: Producer;

  constructor({ kafkaPort, nodes, partitionCount }: ExplainingNodes) {
    this.#nodes = nodes;
    this.#partitionCount = partitionCount;
    const bootstrap = [{ host: '127.0.0.1', port: kafkaPort }];
    this.#log = openKafkaLog({ bootstrap, clientId: 'explain-test' });
    this.#producer = this.#log.openProducer();
  }

  async assertTold(): Promise<void> {
    const key = await this.conversationOf(0);
    const place = await this.send(key, messageTo(key, 'id-1'));
    const told = await this.explainUntil(/in the journal/, 0, place);
    assert.deepEqual(told[0], 'It was decided, and its transaction has committed.');
    const [, event = '', output = '', received = ''] = told;
    assert.match(
      event,
      new RegExp(
        String.raw`^Event 0 of the entity \(number \d+ of the shard\): conversation_events ${AT.source}\. It is in the journal\.$`,
      ),
    );
    assert.match(output, new RegExp(String.raw`^Output: instant_message_out ${AT.source}\.$`));
    const sent = `Received as instant_message_in ${textOf(place)} at `;
    assert.ok(received.startsWith(sent), received);
    assert.ok(received.endsWith(`, for conversation ${key}.`), received);
    assert.equal(told.length, 4);
    // What the transaction wrote lies where it is said to lie.
    const written = await this.#recordAt(conversationEvents.name, event);
    assert.equal(written.key?.toString(), key);
    const put = instantMessageOut.decode(
      (await this.#recordAt(instantMessageOut.name, output)).value,
    );
    assert.ok(put.ok && put.value.conversationKey === key && put.value.conversationMsgSeq === 0);
    // The other node reads the same log and journal.
    const byId = await this.explain(1, '--message-id', 'id-1', '--entity', key);
    assert.deepEqual(byId.trimEnd().split('\n'), told);
    const byIdAlone = await this.explain(1, '--message-id', 'id-1');
    assert.deepEqual(byIdAlone.trimEnd().split('\n'), told);
  }

  async assertToldOverRpc(): Promise<void> {
    const key = await this.conversationOf(0);
    const { endpoint } = this.#node(1);
    const response = await fetch(`http://${endpoint}/chatcluster.engine.v1.EntityService/Explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: { messageId: 'id-1', entityId: key } }),
    });
    const { explanations } = (await response.json()) as Explained;
    const told = await this.explain(0, '--message-id', 'id-1', '--entity', key);
    assert.equal(explanations.length, 1);
    assert.deepEqual(explanations[0]?.sentences, told.trimEnd().split('\n'));
  }

  async assertForwardedTold(): Promise<void> {
    const key = await this.conversationOf(0);
    const elsewhere = this.homeOf(await this.conversationOf(1));
    const place = await this.send(key, messageTo(key), elsewhere);
    const told = await this.explainUntil(/in the journal/, 1, place);
    const [forwarded = '', ...life] = told;
    const home = this.homeOf(key);
    const [, copy = ''] =
      new RegExp(
        String.raw`^It is not at home: ${key} lives on partition ${home}, to where it was forwarded as instant_message_in (${home}:\d+)\.$`,
      ).exec(forwarded) ?? assert.fail(forwarded);
    assert.equal(life[0], 'It was decided, and its transaction has committed.');
    assert.ok(
      life.includes(`It was forwarded from instant_message_in ${textOf(place)}.`),
      told.join('\n'),
    );
    assert.match(
      life.at(-1) ?? '',
      new RegExp(`^Received as instant_message_in ${textOf(place)} at `),
    );
    const [ofCopy] = (await this.explain(0, instantMessageIn.name, copy)).split('\n');
    assert.equal(ofCopy, life[0], 'The copy is told by itself, too.');
  }

  async assertRefusedTold(): Promise<void> {
    const key = await this.conversationOf(1);
    const place = await this.send(key, Buffer.from('{"conversationKey": 7}'));
    const told = await this.explainUntil(/refused/, 0, place);
    const [why = '', letter = '', received = ''] = told;
    assert.match(why, /^It was refused \([a-z-]+\): .*conversationKey/);
    assert.match(letter, new RegExp(`^Its dead letter is chat_dead_letter ${AT.source}`));
    assert.match(received, new RegExp(`^Received as instant_message_in ${textOf(place)} at `));
    const { value } = await this.#recordAt(chatDeadLetter.name, letter);
    assert.equal(value?.toString(), '{"conversationKey": 7}');
  }

  homeOf(key: string): number {
    return homePartition(Buffer.from(key), this.#partitionCount);
  }

  /** A conversation that this node has. */
  async conversationOf(index: 0 | 1): Promise<string> {
    const shards = await this.#node(index).shards();
    const own = new Set(shards.map(({ shardId }) => Number(shardId)));
    const keys = Array.from({ length: 100 }, (_, key) => `explained ${index}-${key}`);
    return (
      keys.find((key) => own.has(this.homeOf(key))) ?? assert.fail('One of a hundred is here.')
    );
  }

  async send(key: string, value: Uint8Array, partition = this.homeOf(key)): Promise<Place> {
    const record = { key: Buffer.from(key), value, headers: [] };
    const { name: topic } = instantMessageIn;
    return { partition, offset: await this.#producer.send({ topic, partition }, [record]) };
  }

  /** What `chatcluster explain` prints when it asks this node. */
  async explain(index: 0 | 1, ...args: readonly string[]): Promise<string> {
    const management = `127.0.0.1:${this.#node(index).managementPort}`;
    const all = ['explain', ...args, '--management', management];
    const program = new Program('apps/cli/src/main.js', all);
    const { code } = await program.ended;
    assert.equal(code, 0, program.stderr);
    return program.stdout;
  }

  /** The same, from its endpoint for operators. */
  async tell(index: 0 | 1, { partition, offset }: Place): Promise<readonly string[]> {
    const asked = new URLSearchParams({
      topic: instantMessageIn.name,
      partition: String(partition),
      offset: String(offset),
    });
    const url = `http://127.0.0.1:${this.#node(index).managementPort}/explain?${asked.toString()}`;
    const response = await fetch(url);
    assert.equal(response.status, 200, await response.clone().text());
    const { explanations } = (await response.json()) as Explained;
    return explanations[0]?.sentences ?? [];
  }

  /** Resolves when this node tells so, with what it tells then on the command line. */
  async explainUntil(sentence: RegExp, index: 0 | 1, place: Place): Promise<readonly string[]> {
    await within(WAIT_MS, async () => {
      const told = (await this.tell(index, place)).join('\n');
      return sentence.test(told) ? undefined : told;
    });
    const { name } = instantMessageIn;
    return (await this.explain(index, name, textOf(place))).trimEnd().split('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log.close();
  }

  #node(index: 0 | 1): ExplainingNode {
    return this.#nodes[index] ?? assert.fail('There are two.');
  }

  /** The record at the first place that a sentence names. */
  async #recordAt(topic: string, sentence: string): Promise<FetchedRecord> {
    const [, partition, offset] = AT.exec(sentence) ?? assert.fail(sentence);
    const [described] = await this.#log.admin.describeTopics([topic]);
    assert.ok(described);
    const range = { ...described, partition: Number(partition), offsetFrom: Number(offset) };
    let found: FetchedRecord | undefined;
    await this.#log.readRange({
      ...range,
      offsetUntil: range.offsetFrom + 1,
      visit: (record) => (found = record.offset === range.offsetFrom ? record : found),
    });
    return found ?? assert.fail(`There is no record: ${sentence}`);
  }
}

/** Of a message's record. */
export type Place = { readonly partition: number; readonly offset: number };

type Explained = { readonly explanations: readonly { readonly sentences: readonly string[] }[] };

function textOf({ offset, partition }: Place): string {
  return `${partition}:${offset}`;
}

export function messageTo(conversationKey: string, messageId?: string): Uint8Array {
  return encodeInstantMessageIn({
    conversationKey,
    sender: 'ann',
    recipients: ['bob'],
    body: 'Hello.',
    messageId,
  });
}
