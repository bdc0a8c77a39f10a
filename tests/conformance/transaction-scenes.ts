import { ErrorCode, WireClient, WireProducer } from '@chat-cluster/broker/testing';
import { messages } from '@chat-cluster/broker/wire';
import { nameOf } from './group-scenes.ts';

export const SCENE_TOPIC = 'topic';
const RETRY_AFTER_MS = 10;
const TRIES_MAX = 200;

/** A state that a transactional id can be brought to over the wire. */
export type SceneState =
  | 'unknown'
  | 'Empty'
  | 'Ongoing'
  | 'CompleteCommit'
  | 'CompleteAbort'
  | 'fenced'
  | 'bumped';

/** Who asks, in relation to who has the transactional id. */
export type Asker = 'itself' | 'one epoch behind' | 'one epoch ahead' | 'a stranger';

/**
 * A transactional id in a chosen state, on whatever broker listens on the port; and what its producer, or somebody else, asks
 * for. In Ongoing it has partition 0 with a record, partition 1 without, and a group with a staged offset.
 */
export class TransactionScene {
  readonly transactionalId = `tx-${crypto.randomUUID()}`;
  readonly groupId = `group of ${this.transactionalId}`;
  readonly client: WireClient;
  readonly #producer: WireProducer;
  #asker: WireProducer;

  private constructor(client: WireClient) {
    this.client = client;
    this.#producer = new WireProducer(client, this.#of());
    this.#asker = this.#producer;
  }

  static async open(port: number, state: SceneState): Promise<TransactionScene> {
    const scene = new TransactionScene(await WireClient.connect(port));
    await scene.#bringTo(state);
    await scene.#settledState();
    return scene;
  }

  /** Every request is asked again while the transaction before is ending, as clients do. */
  async ask(asker: Asker, what: (producer: WireProducer) => Promise<number>): Promise<string> {
    const { producerId, producerEpoch } = this.#producer.producer;
    this.#asker = new WireProducer(this.client, this.#of());
    this.#asker.producer = {
      producerId: asker === 'a stranger' ? producerId + 1_000_000 : producerId,
      producerEpoch:
        producerEpoch + (asker === 'one epoch behind' ? -1 : asker === 'one epoch ahead' ? 1 : 0),
    };
    return nameOf(await patiently(() => what(this.#asker)));
  }

  /** What became of it: the state, and the stable offset of the group. */
  async outcome(): Promise<string> {
    const state = await this.#settledState();
    return `${state}, offset ${await this.#producer.stableOffset(this.groupId)}`;
  }

  /** The state, as soon as all markers are written. */
  async #settledState(): Promise<string> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const described = await this.client.call(messages.describeTransactions, 0, {
        transactionalIds: [this.transactionalId],
      });
      const state = described.transactionStates[0]?.transactionState ?? '';
      if (!state.startsWith('Prepare')) return state;
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
    throw new Error('The transaction did not end.');
  }

  async #bringTo(state: SceneState): Promise<void> {
    const producer = this.#producer;
    if (state === 'unknown') return;
    await patiently(() => producer.init());
    // So that there is an epoch behind it.
    await patiently(() => producer.init({ claimed: producer.producer }));
    if (state === 'Empty') return;
    await patiently(() => producer.addPartitions([0, 1]));
    await patiently(() => producer.addOffsets(this.groupId));
    await patiently(() => producer.produce([0], 'value'));
    await patiently(() => producer.commitOffsets(this.groupId, [0], 5));
    const usurper = new WireProducer(this.client, this.#of());
    if (state === 'CompleteCommit') await patiently(() => producer.end(true));
    if (state === 'CompleteAbort') await patiently(() => producer.end(false));
    if (state === 'fenced') await patiently(() => usurper.init());
    if (state !== 'bumped') return;
    await patiently(() => producer.end(false));
    const { producer: claimed } = producer;
    await patiently(() => usurper.init({ claimed }));
  }

  #of() {
    return { transactionalId: this.transactionalId, topic: SCENE_TOPIC };
  }
}

async function patiently(ask: () => Promise<number>): Promise<number> {
  for (let tries = 1; ; tries++) {
    const code = await ask();
    if (code !== ErrorCode.CONCURRENT_TRANSACTIONS || tries === TRIES_MAX) return code;
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
  }
}
