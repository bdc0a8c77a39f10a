import assert from 'node:assert/strict';
import {
  encodeInstantMessageIn,
  instantMessageIn,
  instantMessageOut,
} from '@chat-cluster/contract';
import { homePartition, type Log, type Producer } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';

/** What a test knows of a conversation in which it alone speaks. Message n, from 0 on, is event n, and its body is n. */
export type Conversation = {
  readonly key: string;
  readonly home: number;
  sentCount: number;
  /** Of these, those whose append was acknowledged. */
  acknowledgedCount: number;
  /** After the last of these, in the input's home partition. */
  offsetNext: number;
  /** Events that somebody has been shown already, by an answer or a watch. */
  shownCount: number;
};

/** Speaks in conversations, one at home in each partition. */
export class Chat implements AsyncDisposable {
  readonly conversations: readonly Conversation[];
  /** Of the messages' topic. */
  readonly topicId: string;
  readonly log: Log;
  readonly #producer: Producer;

  private constructor(log: Log, topicId: string, conversations: readonly Conversation[]) {
    this.log = log;
    this.topicId = topicId;
    this.conversations = conversations;
    this.#producer = log.openProducer();
  }

  /** @param name of its conversations: nobody else speaks in those */
  static async open(options: {
    readonly kafkaPort: number;
    readonly partitionCount: number;
    readonly name: string;
  }): Promise<Chat> {
    const { kafkaPort, partitionCount } = options;
    const bootstrap = [{ host: '127.0.0.1', port: kafkaPort }];
    const log = openKafkaLog({ bootstrap, clientId: 'chat' });
    const [input] = await log.admin.describeTopics([instantMessageIn.name]);
    assert.ok(input, 'A node makes the topics first.');
    const homes = Array.from({ length: partitionCount }, (_, home) => home);
    const conversations = homes.map((home) => {
      const [key = ''] = keysAt(home, { ...options, count: 1 });
      return { key, home, sentCount: 0, acknowledgedCount: 0, offsetNext: 0, shownCount: 0 };
    });
    return new Chat(log, input.topicId, conversations);
  }

  /** Says the next thing in a conversation; resolves when it is acknowledged. */
  async say(conversation: Conversation): Promise<void> {
    const body = String(conversation.sentCount);
    conversation.sentCount += 1;
    const at = { topic: instantMessageIn.name, partition: conversation.home };
    const offset = await this.#producer.send(at, [messageTo(conversation.key, body)]);
    conversation.acknowledgedCount += 1;
    conversation.offsetNext = offset + 1;
  }

  /** The numbers that the messages of a conversation got, in the order in which whoever reads committed outputs gets them. */
  async outputsOf({ key }: Conversation): Promise<number[]> {
    const [out] = await this.log.admin.describeTopics([instantMessageOut.name]);
    assert.ok(out);
    const { partitionCount, topic, topicId } = out;
    const partition = homePartition(Buffer.from(key), partitionCount);
    const at = { topic, partition, at: 'latest' } as const;
    const [offsetUntil = 0] = await this.log.admin.listOffsets([at]);
    const numbers: number[] = [];
    const visit = ({ value }: { readonly value: Uint8Array | null }): void => {
      const said = instantMessageOut.decode(value);
      assert.ok(said.ok);
      if (said.value.conversationKey === key) numbers.push(said.value.conversationMsgSeq);
    };
    await this.log.readRange({ topic, topicId, partition, offsetFrom: 0, offsetUntil, visit });
    return numbers;
  }

  /** A message in each of these conversations, in which nobody speaks otherwise; in this partition, if it is not at home. Resolves with the offset of the first. */
  sayOnce(keys: readonly string[], partition: number): Promise<number> {
    const records = keys.map((key) => messageTo(key, 'Hello.'));
    return this.#producer.send({ topic: instantMessageIn.name, partition }, records);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.close();
  }
}

/** So many keys that are at home in this partition. */
export function keysAt(
  home: number,
  options: { readonly name: string; readonly partitionCount: number; readonly count: number },
): string[] {
  const keys: string[] = [];
  for (let n = 0; keys.length < options.count; n++) {
    const key = `${options.name} ${n}`;
    if (homePartition(Buffer.from(key), options.partitionCount) === home) keys.push(key);
  }
  return keys;
}

function messageTo(conversationKey: string, body: string) {
  const value = encodeInstantMessageIn({
    conversationKey,
    sender: 'ann',
    recipients: ['bob'],
    body,
  });
  return { key: Buffer.from(conversationKey), value, headers: [] };
}
